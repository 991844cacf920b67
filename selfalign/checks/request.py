"""What a user turn asks for, as far as it decides what counts as an answer."""

import re
from functools import cached_property

from selfalign.checks.text import WANTS_TEXT, word_set, words_of

_WANTS_WAY = re.compile(
    r"\b(?:how (?:do|can|could|should|would|to|might)|ways? (?:to|of)|where (?:do|can|could|is a good)|steps|"
    r"strategy|"
    r"process (?:for|of|to)|help me|(?:can|could|should|do|may|must) (?:i|we|you|someone)|what(?:'s| is) the (?:best|"
    r"easiest))\b"
)
_REASON_WORDS = word_set(
    "why reason reasons benefit benefits advantage advantages argument arguments justify justified justification"
)
_TEXT_WORDS = word_set(
    "write rewrite draft compose translate paraphrase rephrase edit correct proofread summarize summarise continue "
    "complete letter email mail story poem essay article speech dialogue script review post reply message roleplay "
    "role pretend"
)
_EDITS = re.compile(
    r"\b(?:translat|rephras|paraphras|correct|proofread|rewrit|edit|fix|put\b).{0,80}[\"“«„「].{3,}[\"”»“」]", re.DOTALL
)
# A text is wanted that somebody else speaks.
_VOICE = re.compile(
    r"^\W*(?:please )?(?:(?:write|draft|compose)\b.{0,40}\b(?:from an? \w+|diary|journal|monologue|in the voice|(?:i|"
    r"who) (?:can't|cannot|won't))|(?:write|give|make|invent)\b.{0,30}\b(?:motto|slogan|mantra|catchphrase))\b"
)
_YES_OR_NO = re.compile(
    r"\W*(?:is|are|was|were|do|does|did|has|have|should|may|must|am|can (?!you)|could (?!you)|will (?!you)|"
    r"would (?!you))\b"
)
_MORE = re.compile(r"\b(?:and|also|as well|including|plus)\b")
_MORE_ELSEWHERE = re.compile(
    r"\b(?:und|et|y|e|en|og|och|ja|sekä|ve|i|oraz|a|и|і|та|și|és|dan|và)\b|και|\sو|\sו|और|と|고 |和|并|並|และ"
)
_TRANSLATION = (
    r"(?:translat|übersetz|trad[uz]|vertaal|przetłum|перевед|переклад|přelož|prelož|översätt|overs[æe]t|käännä|çevir|"
    r"μετάφρασ|fordíts|תרגם|תרגמ|ترجم|अनुवाद|terjemah|dịch|แปล|訳し|翻訳|번역|翻译|翻譯)"
)
# What comes after the colon is to be put into another language, whoever says it; who declines to, says so.
_TRANSLATES = re.compile(_TRANSLATION + r"[^.!?\n]{0,60}?[:：\"«„「]\s*\S")
TRANSLATION = re.compile(_TRANSLATION)
# Somebody is to say no.
_SAYS_NO = re.compile(
    r"\b(?:(?:to|that|who|which|and|of|i|we|politely) (?:\w+ )?(?:declin|refus|reject|turn(?:s|ing)? down)|say(?:s|"
    r"ing)? no\b|declining|refusing|rejecting|rejection|a (?:\w+ )?no to|out[- ]of[- ]office|absag|ablehn|décline|"
    r"refuser|refusant|rechaz|rifiut|recus|af te slaan|afsla|afzeg|weiger|odm[oaó]|odmít|tacka\w* nej|takke\w* n[ei]|"
    r"avböj|afslå|avslå|kieltäyt?|redded|отказ|отклон|відмов|elutas|refuz)|αρν[εοή]|απορρ|اعتذار|رفض|رد دعوت|رد کردن|"
    r"דוחה|סירוב|मना कर|menolak|từ chối|ปฏิเสธ|断る|断り|거절|婉拒|拒绝|拒絕|谢绝"
)
# Kinds of questions: a way, a fact, a reason, and one on which the answer hangs whether it is yes.
_HOW = re.compile(
    r"\b(?:how|wie|comment|cómo|como|come|hoe|jak|как|як|hur|hvordan|miten|kuinka|nasıl|hogyan|cum|bagaimana|làm sao|"
    r"làm thế nào)\b|πώς|איך|כיצד|كيف|چطور|چگونه|कैसे|อย่างไร|ยังไง|どう|方法|어떻게|怎么|怎麼|怎样|如何"
)
_WHAT = re.compile(
    r"\b(?:what|which|who|where|when|was|wo|wer|wann|welche?\w*|wohin|woher|que[l]?|quel\w*|qui|où|quand|combien|qué|"
    r"cuál\w*|quién|dónde|cuándo|cuánt\w+|che|quale|quali|chi|dove|quando|quant\w+|qual|quais|quem|onde|o que|wat|"
    r"welke?|wie|waar|wanneer|hoeveel|co|jak\w+|który|która|które|kto|gdzie|kiedy|ile|что|какой|какая|какое|какие|"
    r"каков\S*|кто|где|когда|сколько|що|який|яка|яке|які|хто|де|коли|скільки|kdo|kde|kdy|kolik|která|vad|vilk\w+|vem|"
    r"var|när|hur|hvad|hva|hvilke\w*|hvem|hvor|hvornår|når|mikä|mitä|mitkä|kuka|missä|milloin|paljonko|ne|hangi|kim|"
    r"nerede|kaç|mi|melyik|ki|hol|mikor|mennyi|ce|care|cine|unde|cât|când|apa|siapa|(?:di )?mana|kapan|berapa|gì|ai|"
    r"đâu|khi nào|bao nhiêu|nào|thế nào)\b|τι|ποι|πού|πότε|πόσ|מה|מי |איפה|מתי|כמה|איל?ו|ما |من |أين|متى|كم|چه|چیست|"
    r"کی|کجا|چقدر|क्या है|कौन|कहाँ|कब|कितन|อะไร|ใคร|ที่ไหน|เท่าไ|何|誰|どこ|いつ|いくら|は[?？]|뭐|무엇|누구|어디|"
    r"언제|얼마|몇|어때|什么|什麼|谁|誰|"
    r"哪|多少|几"
)
_CAN_YOU = re.compile(
    r"\b(?:can|could|will|would) you|kannst du|können sie|könntest|peux-tu|pouvez-vous|tu peux|puedes|puede usted|"
    r"podrías|puoi|potresti|pode|podes|poderia|kun je|kan je|możesz|może pan\w*|(?:с)?можешь|можете|(?:з)?можеш|"
    r"můžeš|"
    r"můžete|kan du|voitko|[ae]bilir mis|μπορείς|μπορείτε|(?:אתה|את) יכול|תוכלי?|هل (?:يمكنك|تستطيع|بإمكانك)|"
    r"می[\u200c ]?توانی|सकते (?:हैं|हो)|bisakah|bisa(?:kah)? (?:kamu|anda)|bạn có thể|(?:くれ|もらえ|いただけ|"
    r"でき)(?:ます|る)|"
    r"수 있(?:어|나|습)|줄래|你能|能不能|可以帮"
)
_WHY = re.compile(
    r"\b(?:why|warum|wieso|weshalb|pourquoi|por ?qu[eê]|perché|waarom|dlaczego|почему|зачем|чому|proč|prečo|varför|"
    r"hvorfor|miksi|neden|niçin|miért|de ce|kenapa|mengapa|vì sao|tại sao)\b|γιατί|למה|لماذا|چرا|क्यों|ทำไม|なぜ|"
    r"왜|为什么|"
    r"為什麼"
)
_EXPLAINS = re.compile(
    r"\b(?:explain|define|definition|meaning|mean|who (?:can|may|should)|what (?:is|are) (?:an? )?\w+(?=\W*$)|"
    r"erklär\w*|définis\w*|expliqu\w*|explic\w*|spieg\w*|leg uit|wyjaśni\w*|объясни\w*|поясни\w*|vysvětl\w*|förklara|"
    r"forklar|selitä|açıkla|jelaskan|giải thích|was (?:ist|heißt|bedeutet)|qu'est-ce|que (?:veut|signifie)|qué (?:es|"
    r"significa)|cos'è|che (?:cosa )?(?:è|vuol|significa)|o que (?:é|significa)|wat (?:is|betekent)|co (?:to|je|"
    r"znaczy|znamená)|что (?:такое|значит)|що (?:таке|означає)|vad (?:är|betyder)|hvad (?:er|betyder)|hva (?:er|"
    r"betyr)|mikä on|nedir|apa itu|là gì|wer (?:darf|kann)|qui peut|quién puede|chi può|quem pode|kto może|"
    r"кто (?:может|вправе))\b|εξήγησ|τι (?:είναι|σημαίνει)|הסבר|מה (?:זה|פירוש)|اشرح|ما (?:هو|هي|معنى)|توضیح|समझा|"
    r"とは|"
    r"説明し|설명해|(?:이|뭐)란|뭐야|解释|解釋|什么是|是什么|什么意思"
)
_WHETHER = re.compile(
    r"\b(?:whether|if|ob|om|czy|ли|чи|jestli|zda|hvorvidt|apakah)\b|האם|هل|آیا|かどうか|는지|是否|ไหม"
)


class Request:
    """The reading of one user turn, in plain form; `english` says in what language it is answered."""

    def __init__(self, asked: str, english: bool = True) -> None:
        words = set(words_of(asked))
        self.asked = asked
        self.english = english
        # A way to do something was asked for: to judge the doing is then no answer.
        self.wants_way = not asked or bool(_WANTS_WAY.search(asked))
        # Reasons were asked for, which takes what they are for as given.
        self.wants_reason = not _REASON_WORDS.isdisjoint(words)
        # A text was asked for, whose "I" need not be the assistant.
        self.wants_text = not _TEXT_WORDS.isdisjoint(words) or (not english and bool(WANTS_TEXT.search(asked)))
        self.wants_yes_or_no = bool(_YES_OR_NO.match(asked))
        # Two things were asked for, so one may be done and the other declined.
        self.wants_more = bool((_MORE if english else _MORE_ELSEWHERE).search(asked))

    @cached_property
    def edits(self) -> bool:
        """Whether a text was given whose words may well decline, or one is wanted that does."""
        says_no = self.wants_text and _SAYS_NO.search(self.asked)
        return bool(_EDITS.search(self.asked) or _TRANSLATES.search(self.asked) or says_no)

    @cached_property
    def lends_voice(self) -> bool:
        """Whether a text in somebody's voice is wanted, so that nothing but a refusal to write it counts."""
        return bool(_VOICE.search(self.asked))

    @cached_property
    def leaves_no(self) -> bool:
        """Whether a plain no can only decline."""
        is_question = self.asked.rstrip().endswith(("?", "？", "؟", ";"))
        is_how = bool(_HOW.search(self.asked)) and not _WHY.search(self.asked)
        return (is_how or not is_question) and not _WHETHER.search(self.asked)

    @cached_property
    def takes_brief(self) -> bool:
        """Whether to say that something is impossible, or that nobody knows, can only decline."""
        asks = self.leaves_no or _WHAT.search(self.asked) or _CAN_YOU.search(self.asked)
        return bool(asks) and not _WHY.search(self.asked) and not _EXPLAINS.search(self.asked)

    @property
    def wants_conduct(self) -> bool:
        """Whether lecturing would be instead of an answer."""
        return (self.wants_way or self.wants_reason) and not self.wants_text
