"""The capitalisation of company names."""

from __future__ import annotations

import pytest

from adapters.tickers.names import company_name


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("MICROSOFT CORP", "Microsoft Corp"),
        ("BANK OF AMERICA CORP", "Bank of America Corp"),
        ("THE BANK OF NOVA SCOTIA", "The Bank of Nova Scotia"),
        ("COCA-COLA EUROPACIFIC PARTNERS plc", "Coca-Cola Europacific Partners plc"),
        ("ELI LILLY & Co", "Eli Lilly & Co"),
        ("MCDONALDS CORP", "McDonalds Corp"),
        ("O'REILLY AUTOMOTIVE INC", "O'Reilly Automotive Inc"),
        ("MOODY'S CORP", "Moody's Corp"),
        ("1ST SOURCE CORP", "1st Source Corp"),
        ("3M CO", "3M Co"),
        ("BANCO SANTANDER S.A.", "Banco Santander S.A."),
        ("GENMAB A/S", "Genmab A/S"),
        # acronyms and spellings of their own
        ("HSBC HOLDINGS PLC", "HSBC Holdings plc"),
        ("AT&T INC.", "AT&T Inc."),
        ("NVIDIA CORP", "NVIDIA Corp"),
        ("EBAY INC", "eBay Inc"),
        ("AMERICAN INTERNATIONAL GROUP III", "American International Group III"),
        # mixed capitalisation is kept, except for the legal form
        ("XPO, Inc.", "XPO, Inc."),
        ("Anheuser-Busch InBev SA/NV", "Anheuser-Busch InBev SA/NV"),
        ("eXp World HOLDINGS INC", "eXp World HOLDINGS Inc"),
        # marks of the source
        ("BANK OF AMERICA CORP /DE/", "Bank of America Corp"),
        ("COSTCO WHOLESALE CORP /NEW", "Costco Wholesale Corp"),
        ("PROGRESSIVE CORP/OH/", "Progressive Corp"),
        ("TOYOTA MOTOR CORP/", "Toyota Motor Corp"),
        ("RUSH ENTERPRISES INC \\TX\\", "Rush Enterprises Inc"),
        ("KVH INDUSTRIES INC DE", "KVH Industries Inc"),
        ("Blue Acquisition Corp/Cayman", "Blue Acquisition Corp"),
        ("Siemens Energy AG/ADR", "Siemens Energy AG ADR"),
        ("Pandora A/S / ADR", "Pandora A/S ADR"),
        ("Apple Inc. - Common Stock", "Apple Inc."),
        ("Berkshire Hathaway Inc. Common Stock", "Berkshire Hathaway Inc."),
        ("Alphabet Inc. - Class A Common Stock", "Alphabet Inc. - Class A"),
        ("Apple\t\0 Inc.", "Apple Inc."),
        ("", ""),
    ],
)
def test_company_names_are_capitalised_without_marks_of_the_source(source: str, name: str) -> None:
    assert company_name(source) == name
