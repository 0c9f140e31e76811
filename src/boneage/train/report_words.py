"""The words of radiology reports, as patterns: what they say of the age beside them, and what they say without an age."""

from __future__ import annotations

import re
from enum import Enum

from boneage.train.report_ages import AGE, MONTH, NUMBER, TO, YEAR


class Says(Enum):
    """What words say about the age beside them."""

    PRIOR = "it was of an earlier film"
    NORM = "it is of the atlas or of other children"
    OTHER = "it is of something else: height, teeth"
    DIFFERENCE = "it is a difference, a deviation or a time"
    NOW = "it is of this film"
    BONE = "it is the bone age"
    MATCH = "the hand looks so"
    CHRONOLOGICAL = "it is since birth"


OF_THIS_FILM = {Says.BONE, Says.MATCH, Says.NOW}


def _any(*words: str) -> str:
    return f"(?:{'|'.join(words)})"


BONE = (
    _any(
        r"bone[\s-]?ages?",
        r"(?:skel\w{0,2}tal|osseous|bony|radiographic|radiological|carpal|phalangeal) (?:bone )?age",
        r"(?:skel\w{0,2}tal|bone|bony|osseous|ossific) (?:maturation|maturity|development)",
        r"ossification age",
    )
    + r"\b(?! (?:study|exam\w*|films?|radiographs?|x-?rays?|survey|series|views?|protocol)\b)"  # "Bone age study, 10 years"
)
EARLIER = r"(?:previous|prior|last|earlier|outside)"
_PERSON = r"(?:\w+ )?(?:boys?|girls?|males?|females?|child|patient|infant|toddler|teenager|man|woman)"

DATED = r"(?:\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|(?:(?:study|film|exam\w*|radiographs?) (?:of|from) )?(?:19|20)\d\d\b)"

# The words before an age that say what it is; where two begin at one place, the first of this list holds.
BEFORE = {
    Says.PRIOR: _any(
        rf"{EARLIER} (?:(?!the |study |exam )\w+ ){{0,2}}{BONE}",
        rf"previously|formerly|elsewhere|{EARLIER}\b|comparison\b|compared (?:to|with)",
    ),
    Says.NORM: _any(
        rf"(?:mean|average|expected|standard) (?:{BONE}|age)",
        rf"normal {BONE} (?:for|at|range)|(?:(?:standard )?deviations?|mean|average) (?:for|of|in) (?:the )?{BONE}",
        r"normal (?:range|limits|values?)|range of normal|\bmean\b|\brange\b|confidence|percentile",
    ),
    Says.OTHER: _any(
        r"(?:height|weight|dental|gestational|corrected|menstrual)[ -]age|(?:height|weight|stature) (?:is|corresponds|matches)",
        rf"(?:follow[- ]?up|repeat|next|further) {BONE} (?:at|in|after|when)\b",
        r"menarche|predicted|dose|treat(?:ed|ment)|therapy",
    ),
    Says.DIFFERENCE: _any(
        r"standard deviations?|\bstd\.? ?dev\w*\.?|\bs\.?d\.?s?\b|2[- ]?sd\b|deviat\w+|difference|discrepan\w+|\+/-|±",
        r"delayed by|advanced by|delay of|advance(?:ment)? of|lags\b",
        rf"(?:delay|lag|advance(?:ment)?|change|increase|progress\w*|gain) (?:in|of|between) (?:the |his |her )?{BONE}",
    ),
    Says.NOW: r"\bnow\b|\btoday\b|\bcurrent(?:ly)?\b(?! (?:chron\w* )?age)|\b(?:at present|presently)\b",
    Says.BONE: rf"{BONE}|(?-i:\b[BS][./]?A\b)",
    Says.MATCH: _any(
        rf"\b(?:that|those) (?:of|for) an? {_PERSON} (?:aged|of)\b",
        r"closely|closest|\bbest\b|correspond\w*|compatible|match\w*|resembl\w*|approximates?\b",
        r"consistent with|comparable to|in keeping with",
        r"standards? (?:of|for)(?! g(?:reulich|\b))",
    ),
    Says.CHRONOLOGICAL: _any(
        r"chron(?:o?log\w*)?\.?(?:[ -]age)?\b|(?-i:\bC[./]?A\b)",
        r"(?:patient|calendar|actual|stated|child|current|his|her)(?:'?s)? (?:current )?age\b",
        r"\bage[d:]?\b|date of birth|\bdob\b|\bborn\b",
        r"(?:appropriate|normal|average|expected|typical|advanced|delayed) (?:for|in)\b",
        r"(?:appropriate|relative|compared) (?:in|to)\b",
    ),
}
MARK = re.compile("|".join(f"(?P<{says.name}>{words})" for says, words in BEFORE.items()), re.I)

# The words that touch an age from behind, and those that touch it from before.
_LIMITS = r"behind|ahead|older than|younger|less than|more than|above|below|beyond|in advance"
RIGHT_AFTER = {
    Says.PRIOR: _any(
        rf"[\s,(]*(?:previously|before)\b(?!\s*(?:was |of )?{NUMBER})",
        rf"[ ,(]*(?:when (?:s?he|aged|the|last)\b|{NUMBER}[\s-]*(?:{YEAR}|{MONTH}|weeks?) ago\b)",
        rf"[ (]*(?:(?:was )?(?:reported|obtained|read|assessed) )?(?:on|at|in|by) (?:the |an? )?(?:{EARLIER}\b|{DATED})",
        rf"[ ,(]*(?:(?:on|at|in) (?:the |a )?)?{EARLIER}\b(?![^.;]*{NUMBER}[\s-]*{YEAR})",  # else it is of the next age
    ),
    Says.DIFFERENCE: _any(
        rf"[\s-]*\(?\d?[- ]?s\.?d\.?\b(?!\s*(?:(?:is|of|was|[:=])\s*)?(?:{NUMBER}|above|below))",  # "(SD 10 months)"
        rf"[\s-]*(?:{_LIMITS}|standard dev|(?:ago|later|after|apart)\b|delay|advance|retard|differen|discrepan)",
        r"[\s-]*of (?:growth|treatment|therapy|follow)",
    ),
    Says.OTHER: r"[\s,(]*(?:for|in|at|by) (?:the )?(?:carp|metacarp|phalan|radi(?:us|al)|uln|wrist|finger|digits)",  # a part
    Says.CHRONOLOGICAL: rf"[\s-]*(?:old )?{_PERSON} (?:with|who|presenting|referred)\b(?! (?:an? )?(?:chron|st|sd))",
    Says.BONE: rf"[\s-]*is (?:the|his|her) {BONE}"
    rf"|[\s-]*(?:old )?(?:(?:fe)?male |(?:boy|girl)'?s?'? )?[(=\s-]{{0,3}}(?:{BONE}|standard|level|plate)",
}
_CHANGED = r"delay(?:ed)?|retard(?:ed|ation)|progressed|advanced|matured|increased|gained"
RIGHT_BEFORE = {
    Says.DIFFERENCE: rf"(?:\b(?:by|in|past|every|next|after|within|over (?:the|an?)|x)|±|\+/-|{_CHANGED})"
    r"[\s:]*(?:about |approx\w*\.? )?$",
    Says.OTHER: r"\bnot\s*$",
    Says.PRIOR: r"\bup from\s*$",
    Says.CHRONOLOGICAL: r"\b(?:girl|boy|child|female|male|patient) of\s*$",
}
AFTER_PATTERNS = tuple((says, re.compile(words, re.I)) for says, words in RIGHT_AFTER.items())
BEFORE_PATTERNS = tuple((says, re.compile(words, re.I)) for says, words in RIGHT_BEFORE.items())

# "in this 10-year-old girl": her own age; but "the standard for a 10-year-old girl"
THIS_CHILD = re.compile(
    r"(?:\b(?:in|for|on)(?<!standard for)(?<!standards for)(?<!that for) (?:a|an|the|this|our)|\bthis|\bpatient is an?)\s*$", re.I
)
OLD_CHILD = re.compile(rf"[\s-]*(?:old\b|of age|{_PERSON}\b)", re.I)
NOT_THIS_CHILD = re.compile(r"\b(?:brother|sister|sibling|twin|mother|father|parent)s?\b", re.I)  # theirs, or said by them
ITS_MATCH = re.compile(r"[\w\s'(]{0,30}")  # from what is compared to the words that compare it
EITHER = re.compile(r"\beither\s*(?:at |of )?$", re.I)
JOINED = re.compile(r"\s*(?:,|and|/|,\s*and|&)\s*(?:the\s+)?", re.I)
AGAIN = re.compile(r"\s*(?:[(\[=]|or|i\.e\.,?|\(i\.e\.,?)\s*", re.I)
PROGRESSED = re.compile(r"(?:progress|advanc|increas|matur|chang|gone|went)\w*\b[^.;]*\bfrom\s*$", re.I)
WAS = re.compile(r"\b(?:was|were|had been)\b", re.I)
DATE = re.compile(rf"\b{DATED}", re.I)
OVER = re.compile(
    r"(?:greater|more|older) than(?: or equal to)?\s*$|(?:\bover|\babove|at least|exceed\w*|beyond|>=?|≥)\s*$", re.I
)
OR_OVER = re.compile(r"\s*(?:\+(?!/)|(?:or|and) (?:greater|older|over|above|more|up|beyond)\b)", re.I)
UNDER = re.compile(r"(?:(?:less|younger) than(?: or equal to)?|\bunder|\bbelow|at most|up to|<=?|≤)\s*$", re.I)

# Parts of a report, told by their heading.
_ASIDE = _any(
    r"(?:clinical |patient |relevant |brief )?(?:history|information|indications?|data|details)|hx|indications?|clinical",
    r"reason(?: for [\w ]+)?|techniques?|exam(?:ination)?|procedure|stud(?:y|ies)|views?",
)
_EARLIER_FILM = r"(?:comparisons?|prior(?: [\w ]+)?|previous(?: [\w ]+)?)"
_DECISIVE = r"(?:impressions?|conclusions?|opinion|summary|diagnos[ie]s)"
_BODY = r"(?:findings?|results?|report|interpretation|comments?|discussion|observations?|assessment)(?: and [\w ]+)?"
HEADING = re.compile(
    r"(?:^|(?<=[.;])[ ]+|\n)[ *#]*"
    rf"(?:(?P<aside>{_ASIDE})|(?P<earlier>{_EARLIER_FILM})|(?P<decisive>{_DECISIVE})|(?P<body>{_BODY}))"
    r"\s*(?::|[ ]-[ ]|(?=\n|$))",
    re.I,
)
_STATES = rf"\s*(?:the )?(?:estimated )?{BONE}\s*(?:is\b|:|=|(?:of |about |approx\w*\.? )?(?={NUMBER}))"
ASIDE_ENDS = re.compile(rf"\n\s*\n|(?<=[.])[ ]*\n|\n(?={_STATES})|[.](?={_STATES})", re.I)
EARLIER_ENDS = re.compile(rf"\n\s*\n|(?<=[.])[ ]*\n|\n(?={_STATES})", re.I)  # all there is where findings have their own heading
SENTENCE_ENDS = re.compile(
    r"(?<![\s(](?:vs|ed|dr|no|st))(?<!approx)(?<!chron)(?<!\bstd)(?<!\best)(?<!\b[BC]\.A)[.!?](?=\s|$)|;|\n\s*\n|\n(?=\s*(?:[-*]\s|(?-i:[A-Z])))"
)
SENTENCE_ENDS_IN_CAPITALS = re.compile(r"(?<!approx)(?<!chron)[.!?](?=\s|$)|;|\n\s*\n", re.I)  # a line may begin amid a sentence

_SIDE = rf"(?:left|right)\W+(?:(?:hand|wrist|is)\W+)*{AGE}"
BOTH_SIDES = re.compile(rf"\b{_SIDE}\W+(?:and\W+)?{_SIDE}", re.I)  # which one is the film's, nobody knows

# Said without an age.
KEYWORD = re.compile(
    r"bone[\s-]?age|bone matur\w+|\b(?-i:B[./]?A)\b|greulich|\bg ?& ?p\b"
    r"|\bskel\w{0,2}tal|osseous|bony|ossification|radiographic age",
    re.I,
)
_PLATES = r"(?:growth plates?|physes|physis|epiphys[ei]s|epiphyseal plates?|physeal plates?|growth centers)"
_SHUT = r"(?:fused|closed|united|fusion|closure|obliterated)"
_REACHED = r"(?:reached|complete|achieved|attained)"
MATURE = re.compile(
    _any(
        r"skeletally mature|(?:fully|completely) mature|mature (?:skeleton|hand)",
        rf"skeletal matur(?:ity|ation):? (?:has been |is |was )?{_REACHED}",
        rf"(?:{_REACHED}|full|consistent with|adult) (?:complete |full )?skeletal maturity",
        rf"{BONE}\s*(?:(?:is|:|=|-|of)\s*)*(?:that of )?(?:an? |the )?(?:skeletally mature )?adult\b|adult (?:standard|{BONE})",
        rf"{_PLATES}[^.;]{{0,60}}?\b(?:are|is|have|has|appear)\b[^.;]{{0,30}}?\b{_SHUT}",
        rf"\ball (?:the )?{_PLATES} (?:\w+ )?{_SHUT}|(?:complete|full)\b[^.;]{{0,30}}{_SHUT}",
        rf"(?:fused|closed) {_PLATES}|{_SHUT} of (?:all )?(?:the )?{_PLATES}",
    ),
    re.I,
)
NOT_MATURE = re.compile(
    r"\b"
    + _any(
        r"not|no|nearly|near|almost|partial\w*|incomplete\w*|beginning|starting|until|approach\w*|will|yet|prior to|before",
        r"phalang\w+|metacarp\w+|ulnar?|thumb|sesamoid|some|several|remain\w* open|still open|except|but",
    )
    + r"\b",
    re.I,
)
CANNOT = re.compile(
    r"\b"
    + _any(
        r"cannot|can not|can't|could not|unable|not able|impossible|not possible",
        r"not (?:be )?(?:reliabl[ey]|accurately|adequately)",
        r"non-?\s?diagnostic|uninterpretable|preclud\w+|insufficient|inadequate\w*|indeterminate",
        r"not (?:been )?(?:assess|determin|evaluat)\w+",
    ),
    re.I,
)
NO_UNIT = re.compile(
    rf"{BONE}\s*(?:(?:is|was|of|at|:|=|-|about|approximately|estimated)\s*)*{NUMBER}(?:{TO}{NUMBER})?"
    rf"(?![.,]?\d|\s*(?:[/%]|{YEAR}|{MONTH}|s\.?d|standard|view|image|film))",
    re.I,
)
NOT_GP = re.compile(r"tanner|\bTW[- ]?[23]\b|bone ?xpert|fels\b", re.I)
