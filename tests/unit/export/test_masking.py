"""Masking, both ways: what must be hidden in many languages, and what looks like it and must stay."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faquarry.export.masking.banking import luhn, mod97
from faquarry.export.masking.mask import KINDS, mask, mask_array, suspects

HIDDEN = [
    # e-mail
    ("Write to ann.lee+faq@mail.shop.example today.", "Write to [email] today."),
    ("Schreiben Sie an info@müller.de.", "Schreiben Sie an [email]."),
    ("Пишите на почта@пример.рф!", "Пишите на [email]!"),
    ("请发邮件至help@shop.cn咨询", "请发邮件至[email]咨询"),
    ("mailto:ann@firm.co.uk?subject=x", "mailto:[email]?subject=x"),
    ("info(at)firma.de oder info [at] firma [dot] de", "[email] oder [email]"),
    ("<b.c@d.org>, (e@f.net); g_h@i.info", "<[email]>, ([email]); [email]"),
    # telephone
    ("Call us at +49 (0) 30 901820 or +1-555-867-5309.", "Call us at [phone] or [phone]."),
    ("Ring 0044 20 7946 0958 now", "Ring [phone] now"),
    ("Our hotline: 0800 123 456 (free)", "Our hotline: [phone] (free)"),
    ("Phone (555) 867-5309 ext. 12 or 1-800-FLOWERS", "Phone [phone] or [phone]"),
    ("Dial 800-555-0199.", "Dial [phone]."),
    ("Appelez le 01 23 45 67 89, ou 01.23.45.67.89.", "Appelez le [phone], ou [phone]."),
    ("Rufen Sie uns unter 030/1234567 an.", "Rufen Sie uns unter [phone] an."),
    ("Tel.: 4512 3456", "Tel.: [phone]"),
    ("Telefon: 44 123 45 67", "Telefon: [phone]"),
    ("Звоните 8 (495) 123-45-67 или 8-800-555-35-35", "Звоните [phone] или [phone]"),
    ("тел. 123-45-67", "тел. [phone]"),
    ("请拨打400-820-8820或电话13812345678", "请拨打[phone]或电话[phone]"),
    ("お電話は03-1234-5678まで", "お電話は[phone]まで"),
    ("전화 010-1234-5678로 문의", "전화 [phone]로 문의"),
    ("هاتف: ٠٢٠ ٧٩٤٦ ٠٩٥٨", "هاتف: [phone]"),
    ("โทร 02-123-4567", "โทร [phone]"),
    ("טלפון 03-1234567", "טלפון [phone]"),
    ("Ligue (11) 91234-5678", "Ligue [phone]"),
    ("WhatsApp https://wa.me/491701234567", "WhatsApp https://wa.me/[phone]"),
    ("tel:+390612345678", "tel:[phone]"),
    ("Điện thoại 028 3822 1234.", "Điện thoại [phone]."),
    ("Numero verde 800 123 456?", "Numero verde [phone]?"),
    # keys
    ("Set AKIAIOSFODNN7EXAMPLE as id", "Set [key] as id"),
    ("api_key = 'a8F3kd92LmQ0zX7Y1b'", "api_key = '[key]'"),
    ("git clone https://bob:hunter2@host.example/x.git", "git clone https://[key]@host.example/x.git"),
    ("Authorization: Bearer 9f8a7b6c5d4e3f2a1b0c", "Authorization: Bearer [key]"),
    ("ghp_16C7e42F292c6912E7710c838347Ae178B4a", "[key]"),
    # banking
    ("Card 4242 4242 4242 4242 is for tests", "Card [card] is for tests"),
    ("378282246310005", "[card]"),
    ("IBAN DE89 3704 0044 0532 0130 00 bei uns", "IBAN [iban] bei uns"),
    ("GB82WEST12345698765432", "[iban]"),
]

KEPT = [
    "It costs 1 250 000 EUR, 12.500,00 € or $1,299.99; +20 % in 2023.",
    "10 000 000 users, +10 000 000 downloads, 1.000.000 Stück",
    "Von 01.02.2023 bis 05.03.2023, 2023-01-02, 12/31/2022, 01-02-2023 05-06-2023",
    "Open 09.00-12.00 13.00-17.00, 08:00 - 18:30, 0800-1200 1300-1700",
    "Version 10.0.19041.1234, v1.2.3-4567890, Python 3.11.2",
    "Part no. 555-867-5309, Teilenummer 0445 110 126, SKU-030-1234567, OEM 030 115 561",
    "ISBN 978-3-16-148410-0, ISBN 0-306-40615-2, ISSN 0317-8471",
    "Order #4512345678901, Bestellnummer 0301234567, ticket 800-555-0199",
    "192.168.100.200, 010.001.002.003, 127.0.0.1:8080, fe80::1234:5678",
    "In 2019-2020, 1990/2000, 2021 2022 2023",
    "Model 123-456-7890 and EAN 4006381333931",
    "https://shop.example/item/030-1234567-89?id=4242424242424242",
    "3.14159265358979, 0.123456789, 6.02214076e23, 1e100",
    "@handle, user@localhost, logo@2x.png, a @ b, package@1.2.3, me@here",
    "at 12 (at) 13, meet [at] noon",
    "sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "550e8400-e29b-41d4-a716-446655440000",
    "api_key = YOUR_API_KEY_GOES_HERE, token: <paste-your-token>, password: ****************",
    "Passwörter mit 16 Zeichen, token: internationalization",
    "4242 4242 4242 4243, 1234 5678 9012 3456",
    "DE89 3704 0044 0532 0130 01",
    "1280 x 1024, 1920×1080, 5000 mAh, 64 GB / 128 GB / 256 GB",
    "Lines 100 200 300 400 500 and pages 10-12, 14-18, 20-22",
    "48° 51' 24\" N, 48.856613, 2.352222; 52.520008, 13.404954",
    "CAS 7732-18-5, DIN 18040-2, RFC 2606, 42 CFR 482.13",
    "10-15 working days, 24/7, 365 days, 3-5 years, 1 000 000",
    "电话会议有1000000人参加,订单号13812345678",
    "Win 1,000,000 points in 100-200 steps of 50 000 000",
    "+12 345 678 subscribers, +1 250 000, 1.250.000 and 912 345 678 of them",
    "01-2023 02-2024, 03/2020 - 04/2021, 2020.05.15 2021.06.16",
    "VAT DE 123456789, Steuernummer 030/123/45678, PLZ 10115",
]


@pytest.mark.parametrize(("text", "wanted"), HIDDEN)
def test_hidden(text: str, wanted: str) -> None:
    assert mask(text)[0] == wanted


@pytest.mark.parametrize("text", KEPT)
def test_kept(text: str) -> None:
    assert mask(text)[0] == text


def test_counts_by_kind() -> None:
    assert mask("a@b.de c@d.de +49 30 901820")[1] == {"email": 2, "phone": 1}


def test_only_the_kinds_asked_for() -> None:
    assert mask("a@b.de +49 30 901820", ("email",))[0] == "[email] +49 30 901820"


def test_check_digits() -> None:
    assert luhn("5555555555554444")
    assert not luhn("5555555555554445")
    assert mod97("GB82WEST12345698765432") == 1


# -- properties --------------------------------------------------------------------------------------------------------

bits = st.sampled_from(
    [*"0123456789", *"٠१", *" .-/()+@:,#[]€", "tel ", "call ", "ann@b.de", "030 1234567", "+49", "电话", "key", "sk-", "DE89",
     "37040044", "4242 4242 ", "http://", "token=", "(at)", "email", "phone", "A", "é", "\n"]
)  # fmt: skip
texts = st.one_of(st.lists(bits, max_size=30).map("".join), st.text(max_size=60))


@given(texts)
def test_masking_twice_is_masking_once(text: str) -> None:
    masked = mask(text)[0]
    assert mask(masked) == (masked, Counter())


@given(texts)
def test_what_is_masked_was_suspected(text: str) -> None:
    suspected = suspects(pa.array([text]))
    for kind in KINDS:
        assert not mask(text, (kind,))[1] or suspected[kind] == {0}


@given(texts)
def test_nothing_but_the_spans_changes(text: str) -> None:
    pieces = re.split(r"\[(?:email|phone|key|card|iban)\]", mask(text)[0])
    at = 0
    for piece in pieces:
        at = text.index(piece, at) + len(piece)


@given(
    st.lists(st.one_of(st.none(), texts), max_size=6),
    st.lists(st.one_of(st.none(), st.lists(texts, max_size=3)), max_size=4),
)
def test_arrays_as_texts(flat: list[str | None], nested: list[list[str] | None]) -> None:
    kinds = tuple(KINDS)
    masked, counts = mask_array(pa.array(flat, pa.string()), kinds)
    assert masked.to_pylist() == [None if text is None else mask(text)[0] for text in flat]
    assert counts == sum((mask(text)[1] for text in flat if text is not None), Counter())
    lists, _ = mask_array(pa.array(nested, pa.list_(pa.string())), kinds)
    assert lists.to_pylist() == [None if row is None else [mask(text)[0] for text in row] for row in nested]


@pytest.mark.real
def test_what_is_masked_in_real_questions_is_what_it_says(data: Path) -> None:
    """Few numbers of a medical encyclopaedia are telephone numbers, and those are international or toll-free."""
    with gzip.open(data / "qa" / "medquad.jsonl.gz", "rt", encoding="utf-8") as lines:
        answers = [json.loads(line)["answer"] for line in lines]
    counts: Counter[str] = sum((mask(answer)[1] for answer in answers), Counter())
    assert counts["card"] == counts["iban"] == counts["key"] == 0
    assert counts["phone"] + counts["email"] < len(answers) / 50
