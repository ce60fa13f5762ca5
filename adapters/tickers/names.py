"""Company names with consistent capitalisation: sources write `MICROSOFT CORP`, `ELI LILLY & Co` and `Apple Inc.`."""

from __future__ import annotations

import re

_STATE = re.compile(r"(?<!\bSA)\s*(?P<mark>[/\\])\s*(?:[A-Z]{2}|NEW|CAN|DEL)?\s*(?P=mark)?$")
_PLACE = re.compile(r"\b(Inc|Corp|Co)(\.?)(?:\s*/.*| DE)$", re.IGNORECASE)
"""How the SEC distinguishes companies of one name: `BANK OF AMERICA CORP /DE/`, `Blue Acquisition Corp/Cayman`."""
_ADR = re.compile(r"\s*/\s?ADR/?$")
_COMMON_STOCK = re.compile(r"\s*(?:-\s*)?Common (?:Stock|Shares)\s*$")

_LEGAL_FORM = re.compile(r"\b(?:inc|corp|co|ltd|plc)\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+(?:['\u2019&][^\W_]+)*")
_ABBREVIATIONS = """
Inc Corp Co Ltd plc Tbk SpA Oyj KGaA GmbH Pty St Mt Dr Jr Tr Bk Hldgs Mfg Com
"""
_ACRONYMS = """
AAON AAR ABB ABM ABVC ACI ACNB ADI ADM ADMA ADR AEHR AEI AES AG AGCO AHL AI AIG ALX AMC AMD AMN AMTD ANI APA ASA ASML
ATI ATS AXT AZZ BAE BCE BNY BOK BYD CA CACI CAE CBRE CGI CIM CME CNA CRA CTI CULP DAQO DEI DHI DRI DTE DUOS EACO EDAP
EFES EOG EPR EQT ESAB ESCO ETF ETFS EU EVI FTI GATX GEO GSI HCI HNI IAC IBEX IBM ICL ICTS ICU IDT IES IHI II III IMAX
ING IPG IQE IREN IRSA ITT IV JEOL JOYY KDDI KE KLA LCI LSI MARA MBIA MDU MEDI MFA MGE MGIC MIND MSCI MYR NIO NMI NOV
NVE NY OFG OGE ON ORIX OSI PACS PAMT PCL PRA RCI REIT RELX RLI RXO SA SAB SAP SAPI SBA SE SEI SES TAT TCI TKO TPI TTEC
UBS UDR UFJ UFP UGI UK UMB UMH US USA USCB UTG UTI UWM VEON VICI VSE WEC WEX XPO YETI YPF YXT
"""
"""Those with a vowel; every word without a vowel is an acronym."""
_OWN_SPELLINGS = """
AECOM AllianceBernstein AMETEK AnaptysBio AngioDynamics AppFolio AptarGroup ArcBest AstraZeneca AutoNation AutoZone
AvalonBay BancFirst BellRing BioCryst BioLife BioMarin BitGo BlackBerry BlackLine BlackRock BorgWarner CarMax
CenterPoint ChipMOS ChoiceOne CleanSpark CONMED ConocoPhillips CorVel CoStar DaVita DexCom DocuSign DRDGOLD EastGroup
eBay EZCORP FactSet FedEx FirstEnergy FirstSun FormFactor FuelCell GlobalFoundries HealthEquity HealthStream HEICO
HubSpot IAMGOLD ICICI IDACORP IDEXX IperionX IQVIA JetBlue JPMorgan KeyCorp L3Harris LaSalle LegalZoom LeMaitre
LightPath MACOM MannKind MarineMax MarketAxess MasTec MaxLinear McMoRan MercadoLibre MetLife MillerKnoll MiMedx NACCO
NerdWallet NETGEAR NetScout NETSTREIT NextEra NextNav NioCorp NiSource nLight NVIDIA OceanFirst ONEOK OneSpaWorld
OrthoPediatrics PACCAR PayPal PepsiCo PIMCO PriceSmart PrimeEnergy ProAssurance ProKidney PulteGroup QIAGEN QuickLogic
QuinStreet REGENXBIO RenaissanceRe ResMed ScanSource SEALSQ SiTime SkyWest SmartFinancial SolarEdge SoundHound STERIS
TeraWulf TransAlta TriMas TriNet TrustCo UniFirst UnitedHealth USANA VAALCO VeriSign WesBanco XPeng
"""
_SPELLINGS = {word.upper(): word for word in f"{_ABBREVIATIONS} {_ACRONYMS} {_OWN_SPELLINGS}".split()}
_LOWER = frozenset({"OF", "AND", "THE", "FOR", "IN", "AT", "DE", "DEL", "LA", "DO", "DA"})
"""Words that are not capitalised, except at the beginning."""


def company_name(text: str) -> str:
    """The name in one line, without the marks of its source, and capitalised like `Microsoft Corp`.

    A name keeps the capitalisation of its source if that is mixed, apart from the legal form.
    """
    printable = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    name = _ADR.sub(" ADR", _COMMON_STOCK.sub("", printable))
    name = _PLACE.sub(r"\1\2", _STATE.sub("", name)).strip()
    core = _LEGAL_FORM.sub("", name)
    is_acronym = len(re.sub(r"\W", "", core)) <= 4 and not name.isupper()  # noqa: PLR2004 - `XPO, Inc.`, not a word
    if core.upper() != core or is_acronym:
        return _LEGAL_FORM.sub(lambda form: _SPELLINGS[form[0].upper()] if form[0].isupper() else form[0], name)
    return _WORD.sub(lambda match: _capitalized(match[0].upper(), first=match.start() == 0), name)


def _capitalized(word: str, *, first: bool) -> str:
    if word in _SPELLINGS:
        return _SPELLINGS[word]
    if word in _LOWER and not first:
        return word.lower()
    if ordinal := re.fullmatch(r"(\d+)(ST|ND|RD|TH)", word):
        return ordinal[1] + ordinal[2].lower()
    if not re.search("[AEIOUY]", word) or re.search(r"\d", word) or re.fullmatch(r"\w{1,2}&\w{1,2}", word):
        return word
    prefix = next((prefix for prefix in ("MC", "O'", "D'") if word.startswith(prefix) and len(word) > 4), "")  # noqa: PLR2004 - not `MCA`
    return prefix.capitalize() + word[len(prefix) :].capitalize()
