"""The languages of the sample web, and the words of a page's frame in each of them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LANGUAGES", "WORDS", "Language"]


@dataclass(frozen=True, slots=True)
class Language:
    """`tag` is what `<html lang>` says; `script` a prefix of the Unicode names of its letters."""

    tag: str
    script: str
    direction: str = "ltr"


LANGUAGES = {
    "ara": Language("ar", "ARABIC", "rtl"),
    "deu": Language("de", "LATIN"),
    "ell": Language("el", "GREEK"),
    "eng": Language("en", "LATIN"),
    "fra": Language("fr", "LATIN"),
    "hin": Language("hi", "DEVANAGARI"),
    "ita": Language("it", "LATIN"),
    "jpn": Language("ja", "HIRAGANA"),
    "kor": Language("ko", "HANGUL"),
    "nld": Language("nl", "LATIN"),
    "pol": Language("pl", "LATIN"),
    "por": Language("pt", "LATIN"),
    "rus": Language("ru", "CYRILLIC"),
    "spa": Language("es", "LATIN"),
    "tha": Language("th", "THAI"),
    "tur": Language("tr", "LATIN"),
    "ukr": Language("uk", "CYRILLIC"),
    "vie": Language("vi", "LATIN"),
    "zho": Language("zh", "CJK"),
}

KEYS = ("skip", "home", "menu", "search", "language", "related", "privacy", "legal", "rights", "cookies", "accept", "decline", "letter", "send")  # fmt: skip

TABLE = """
ara|انتقل إلى المحتوى|الرئيسية|القائمة|بحث|اللغة|اقرأ أيضًا|الخصوصية|معلومات قانونية|جميع الحقوق محفوظة|نستخدم ملفات تعريف الارتباط الضرورية لعمل الموقع، ولا نستخدم غيرها إلا بموافقتك.|موافق|رفض|اشترك في نشرتنا البريدية|إرسال
deu|Zum Inhalt springen|Startseite|Menü|Suche|Sprache|Lesen Sie auch|Datenschutz|Impressum|Alle Rechte vorbehalten|Wir verwenden Cookies, die für den Betrieb der Website nötig sind, und weitere nur mit Ihrer Zustimmung.|Zustimmen|Ablehnen|Newsletter abonnieren|Absenden
ell|Μετάβαση στο περιεχόμενο|Αρχική|Μενού|Αναζήτηση|Γλώσσα|Διαβάστε επίσης|Απόρρητο|Όροι χρήσης|Με επιφύλαξη παντός δικαιώματος|Χρησιμοποιούμε μόνο τα απαραίτητα cookies· όλα τα άλλα μόνο με τη συγκατάθεσή σας.|Αποδοχή|Απόρριψη|Εγγραφείτε στο ενημερωτικό δελτίο|Αποστολή
eng|Skip to content|Home|Menu|Search|Language|Read on|Privacy|Legal notice|All rights reserved|We use the cookies that this site needs to work, and others only if you agree.|Accept|Decline|Subscribe to our newsletter|Send
fra|Aller au contenu|Accueil|Menu|Recherche|Langue|À lire aussi|Confidentialité|Mentions légales|Tous droits réservés|Nous utilisons les cookies nécessaires au fonctionnement du site, et d’autres seulement avec votre accord.|Accepter|Refuser|S’abonner à la lettre d’information|Envoyer
hin|सामग्री पर जाएँ|मुखपृष्ठ|मेनू|खोज|भाषा|यह भी पढ़ें|गोपनीयता|कानूनी सूचना|सर्वाधिकार सुरक्षित|हम केवल वे कुकी इस्तेमाल करते हैं जो साइट चलाने के लिए ज़रूरी हैं, बाकी आपकी सहमति से।|स्वीकार|अस्वीकार|हमारे समाचार-पत्र की सदस्यता लें|भेजें
ita|Vai al contenuto|Home|Menu|Cerca|Lingua|Leggi anche|Privacy|Note legali|Tutti i diritti riservati|Usiamo i cookie necessari al funzionamento del sito e altri solo con il tuo consenso.|Accetta|Rifiuta|Iscriviti alla newsletter|Invia
jpn|本文へ移動|ホーム|メニュー|検索|言語|あわせて読みたい|個人情報の取り扱い|運営者情報|無断転載を禁じます|当サイトの動作に必要なクッキーを使用します。その他は同意いただいた場合のみ使用します。|同意する|拒否する|メールマガジンに登録|送信
kor|본문으로 건너뛰기|홈|메뉴|검색|언어|함께 읽기|개인정보 처리방침|법적 고지|모든 권리 보유|사이트 운영에 꼭 필요한 쿠키만 사용하며, 그 밖의 쿠키는 동의하신 경우에만 사용합니다.|동의|거부|소식지 구독|보내기
nld|Naar de inhoud|Home|Menu|Zoeken|Taal|Lees ook|Privacy|Colofon|Alle rechten voorbehouden|We gebruiken cookies die nodig zijn om de site te laten werken, en andere alleen met uw toestemming.|Akkoord|Weigeren|Schrijf u in voor de nieuwsbrief|Versturen
pol|Przejdź do treści|Strona główna|Menu|Szukaj|Język|Czytaj także|Prywatność|Nota prawna|Wszelkie prawa zastrzeżone|Używamy plików cookie niezbędnych do działania strony, a innych tylko za Twoją zgodą.|Zgadzam się|Odrzuć|Zapisz się do newslettera|Wyślij
por|Ir para o conteúdo|Início|Menu|Pesquisar|Idioma|Leia também|Privacidade|Aviso legal|Todos os direitos reservados|Usamos os cookies necessários ao funcionamento do site e outros apenas com o seu consentimento.|Aceitar|Recusar|Assine a nossa newsletter|Enviar
rus|Перейти к содержанию|Главная|Меню|Поиск|Язык|Читайте также|Конфиденциальность|Правовая информация|Все права защищены|Мы используем файлы cookie, необходимые для работы сайта, а остальные — только с вашего согласия.|Принять|Отклонить|Подписаться на рассылку|Отправить
spa|Saltar al contenido|Inicio|Menú|Buscar|Idioma|Lea también|Privacidad|Aviso legal|Todos los derechos reservados|Usamos las cookies necesarias para el funcionamiento del sitio y otras solo con su consentimiento.|Aceptar|Rechazar|Suscríbase al boletín|Enviar
tha|ข้ามไปยังเนื้อหา|หน้าแรก|เมนู|ค้นหา|ภาษา|อ่านต่อ|ความเป็นส่วนตัว|ข้อมูลทางกฎหมาย|สงวนลิขสิทธิ์|เราใช้คุกกี้เท่าที่จำเป็นต่อการทำงานของเว็บไซต์ ส่วนคุกกี้อื่นจะใช้เมื่อคุณยินยอมเท่านั้น|ยอมรับ|ปฏิเสธ|สมัครรับจดหมายข่าว|ส่ง
tur|İçeriğe geç|Ana sayfa|Menü|Arama|Dil|Bunları da okuyun|Gizlilik|Yasal uyarı|Tüm hakları saklıdır|Sitenin çalışması için gerekli çerezleri kullanıyoruz; diğerlerini yalnızca onayınızla.|Kabul et|Reddet|Bültenimize abone olun|Gönder
ukr|Перейти до вмісту|Головна|Меню|Пошук|Мова|Читайте також|Конфіденційність|Правова інформація|Усі права захищено|Ми використовуємо файли cookie, потрібні для роботи сайту, а інші — лише за вашою згодою.|Погоджуюся|Відхилити|Підписатися на розсилку|Надіслати
vie|Chuyển đến nội dung|Trang chủ|Trình đơn|Tìm kiếm|Ngôn ngữ|Đọc thêm|Quyền riêng tư|Thông tin pháp lý|Giữ toàn quyền|Chúng tôi chỉ dùng những cookie cần thiết để trang hoạt động, các cookie khác cần có sự đồng ý của bạn.|Đồng ý|Từ chối|Đăng ký bản tin|Gửi
zho|跳到正文|首页|菜单|搜索|语言|延伸阅读|隐私政策|法律声明|版权所有|我们只使用网站运行所必需的Cookie，其他Cookie仅在您同意后使用。|同意|拒绝|订阅我们的通讯|提交
"""

WORDS = {
    row.split("|")[0]: dict(zip(KEYS, row.split("|")[1:], strict=True)) for row in TABLE.strip().splitlines()
}  # language -> key -> phrase
