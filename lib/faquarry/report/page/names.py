"""English names of the languages that the web's FAQs are written in; others are told by their code alone."""

from __future__ import annotations

__all__ = ["name_of"]

_NAMES = dict(
    line.split(" ", 1)
    for line in """afr Afrikaans;amh Amharic;ara Arabic;asm Assamese;aze Azerbaijani;bel Belarusian;ben Bengali
bos Bosnian;bul Bulgarian;cat Catalan;ceb Cebuano;ces Czech;cym Welsh;dan Danish;deu German;ell Greek;eng English
epo Esperanto;est Estonian;eus Basque;fao Faroese;fas Persian;fin Finnish;fra French;fry Frisian;gla Scottish Gaelic
gle Irish;glg Galician;guj Gujarati;hat Haitian Creole;hau Hausa;heb Hebrew;hin Hindi;hrv Croatian;hun Hungarian
hye Armenian;ind Indonesian;isl Icelandic;ita Italian;jav Javanese;jpn Japanese;kan Kannada;kat Georgian;kaz Kazakh
khm Khmer;kir Kyrgyz;kor Korean;kur Kurdish;lao Lao;lat Latin;lav Latvian;lit Lithuanian;ltz Luxembourgish
mal Malayalam;mar Marathi;mkd Macedonian;mlg Malagasy;mlt Maltese;mon Mongolian;mri Māori;msa Malay;mya Burmese
nep Nepali;nld Dutch;nor Norwegian;oci Occitan;ori Odia;pan Punjabi;pol Polish;por Portuguese;pus Pashto;ron Romanian
rus Russian;san Sanskrit;sin Sinhala;slk Slovak;slv Slovenian;snd Sindhi;som Somali;spa Spanish;sqi Albanian
srp Serbian;sun Sundanese;swa Swahili;swe Swedish;tam Tamil;tat Tatar;tel Telugu;tgk Tajik;tgl Filipino;tha Thai
tur Turkish;uig Uyghur;ukr Ukrainian;und undetermined;urd Urdu;uzb Uzbek;vie Vietnamese;xho Xhosa;yid Yiddish
yor Yoruba;zho Chinese;zul Zulu""".replace("\n", ";").split(";")
)


def name_of(language: str | None) -> str:
    """
    >>> name_of("deu"), name_of("tlh"), name_of(None)
    ('German', 'tlh', 'undetermined')
    """
    return _NAMES.get(language or "und", language or "und")
