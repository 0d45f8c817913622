"""Words around numbers, in some thirty languages: which say that a telephone number comes, and which that another does."""

from __future__ import annotations

import re

__all__ = ["BETWEEN", "CALLED", "CALLED_UNSPACED", "NAMED", "UNITS"]


def _any(words: str) -> str:
    """An alternation of words; an underscore stands for a space, an asterisk for up to eight more letters."""
    return "|".join(re.escape(word).replace("_", r"\s+").replace(r"\*", r"\w{0,8}") for word in words.split())


# A telephone number comes; nothing may stand before the word.
CALLED = _any(
    """
    tel telephone phone phone_number ph tty cell cellphone mob mobile fax hotline helpline infoline
    whatsapp viber sms gsm call dial ring telefon* nummer rufnummer telefonnummer servicenummer
    servicerufnummer faxnummer mobilnummer handynummer handy anrufen téléphone tél numéro portable appelez
    teléfono tlf tfno número celular móvil llame* llama* telefone fone ligue telefono numero cellulare
    chiama* bel mobil* infolini* numer numerem zadzwoń dzwoni* volajte hívja sunați arayın puh puhelin
    điện_thoại telepon hp τηλ* тел* моб* факс звоните
    """
)

# The same in scripts without spaces, and where a prefix may stand before it.
CALLED_UNSPACED = _any(
    """
    电话 電話 手机 手機 携帯 传真 傳真 热线 熱線 拨打 致电 전화* 팩스 휴대폰 โทร* เบอร์โทร هاتف تلفون جوال
    واتساب اتصل تلفن تماس טלפון טל फोन फ़ोन मोबाइल ফোন தொலைபேசி ტელ* հեռ*
    """
)

# What may stand between such a word and the number.
BETWEEN = _any(
    """
    us me now today toll-free free on at under is uns unter der die pod na le la el al au de do no il nº
    verde vert gratuit* на по номер* numer số :
    """
)

# Another number comes: of a part, an order, an account, an amount.
NAMED = _any(
    """
    part item article artikel* teile* art model modell modelo serial serien* sku isbn issn ean upc gtin oem
    ref réf order bestell* invoice rechnungs* account konto* iban vat ust tax steuer* id version v ver
    patent case ticket tracking zip plz pin code din iso rfc cas usd eur gbp rs артикул инн огрн заказ*
    型号 订单 订单号
    """
)

# The number before was an amount.
UNITS = _any(
    """
    eur usd gbp chf pln czk huf sek nok dkk inr rub руб* kr zł ft kč lei tl gb mb kb tb kg km cm mm ml kwh
    mah mhz ghz px dpi user users people year years jahre million* billion* download downloads unit units
    item items piece pieces stück
    """
)
