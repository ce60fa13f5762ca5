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
        ("HSBC HOLDINGS PLC", "HSBC Holdings plc"),
        ("BANCO SANTANDER S.A.", "Banco Santander S.A."),
        ("GENMAB A/S", "Genmab A/S"),
    ],
)
def test_upper_case_names_are_capitalized(source: str, name: str) -> None:
    assert company_name(source) == name


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("IBM CORP", "IBM Corp"),
        ("AT&T INC.", "AT&T Inc."),
        ("M&T BANK CORP", "M&T Bank Corp"),
        ("NVIDIA CORP", "NVIDIA Corp"),
        ("EBAY INC", "eBay Inc"),
        ("AMERICAN INTERNATIONAL GROUP III", "American International Group III"),
    ],
)
def test_acronyms_and_own_spellings_are_kept(source: str, name: str) -> None:
    assert company_name(source) == name


@pytest.mark.parametrize(
    "name",
    ["Apple Inc.", "XPO, Inc.", "BlackRock, Inc.", "EMCOR Group, Inc.", "Anheuser-Busch InBev SA/NV", "Shell plc"],
)
def test_the_capitalization_of_the_source_is_kept_if_it_is_mixed(name: str) -> None:
    assert company_name(name) == name


def test_the_legal_form_is_capitalized_in_every_name() -> None:
    assert company_name("eXp World HOLDINGS INC") == "eXp World HOLDINGS Inc"


@pytest.mark.parametrize(
    ("source", "name"),
    [
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
def test_marks_of_the_source_are_removed(source: str, name: str) -> None:
    assert company_name(source) == name
