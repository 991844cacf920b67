"""What an answer claims about itself, its knowledge and its sources and its name."""

import re

from selfalign.checks.reading import GRAVE, NOTHING, SLIGHT, Finding, Reading
from selfalign.checks.text import WANTS_TEXT, sentences_of, without_quotes

# --- itself -----------------------------------------------------------------------------------------------------

_PERSON = (
    r"(?! (?:learning|system|tool|powered|generated|driven|safety|science|scien|engineer|research|develop|expert|"
    r"consult|special|compan|start-?up|vision|program|ethic|enthus|graphics|game|shop|teach|stud|lab|policy|art))"
)
_MACHINE = (
    r"(?:ai|a\.i\.|artificial intelligence|(?:large )?language model|llm|machine(?: learning model)?|"
    r"computer(?: program)?|robot|bot|chatbot|software|virtual assistant|(?:ai|digital|virtual|text-based) (?:\w+ )?"
    rf"(?:assistant|model|system|program|being))\b{_PERSON}"
)
_KIND = r"(?:(?!for|of|in|on|with|to|about|who|at|and|by|from)\w+[ -]){0,3}?"
_ITSELF = re.compile(
    rf"\b(?:as|being|since i am|because i am|since i'm|because i'm) (?:just |only |merely )?(?:an? {_KIND}{_MACHINE}|"
    r"(?:ai|software)\b(?= ?[,.;]))"
    rf"|\bi(?: am|'m)(?: just| only| merely| simply| but)? an? {_KIND}{_MACHINE}"
    rf"|\ban? {_KIND}{_MACHINE} like me\b"
    r"|\bmy (?:\w+ )?(?:programming|training data|training set|programmers|capabilities as)\b"
    r"|\bi (?:was|am|have been|'ve been) (?:\w+ )?(?:programmed|trained on|designed to|coded)\b"
    r"|\bthis (?:ai|language model|ai model)\b(?! (?:is|was|can|has|uses)\b)"
    r"|\b(?:as|from) your (?:\w+ ){0,2}(?:ai|chatbot|(?:ai|virtual|digital) assistant)\b"
    r"|\bmy (?:algorithms|circuits|neural net\w*|weights|training|processors?|programmers|developers)\b(?! (?:in|as|"
    r"at|for|"
    r"plan|session|partner|program|routine|schedule|run))"
    # what a body or a life would give it
    r"|\b(?:(?:lacking|having|with|have) (?:no|never had)|(?:lacking|without|not having|never having had|i've never "
    r"had|"
    r"(?:i )?(?:don't|do not|cannot|can't) have|i lack)) (?:(?:an?|any|the|real|actual|physical|human|such) "
    r"){0,2}(?:body|"
    r"mouth|nose|tongue|taste ?buds?|eyes|ears|hands|fingers|legs|stomach|skin|senses|(?:\w+ or )?(?:feelings|emotions|"
    r"nerves)|childhood|consciousness|form|personal (?:experiences?|opinions?|preferences?|feelings))\b"
    r"|\bi (?:can't|cannot|can not) (?:\w+ly )?(?:taste|smell|touch|eat|sleep)\b"
    r"|\bunlike (?:people|humans|human beings|you)\b[^.!?]{0,15}\bi\b|\bi(?:'m| am) not (?:an? |actually |even )*"
    r"(?:human|person)\b|\b(?:being|i am|i'm) (?:artificial|virtual|made (?:up )?of (?:code|text|numbers|silicon))\b"
)
_AI = (
    r"(?:k\.?i\.?|künstliche intelligenz|sprachmodell|programm|software|chatbot|roboter|(?:virtuell|"
    r"digital)\w+ assistent\w*)"
)
# Between prefix and noun stand articles at most: "als KI-Ingenieur" and "yapay zekâ mühendisi olarak" are people.
_ITSELF_ELSEWHERE = re.compile(
    rf"\b(?:als|bin ich|ich bin) (?:(?:nur|bloß|ja|eine?|reine\w*) ){{0,3}}{_AI}(?![\w-])"
    r"|\b(?:n'ayant|je n'ai) (?:pas|ni|aucun\w?) (?:de |d')?(?:corps|bouche|nez|papilles|yeux|sentiments|émotions)\b"
    r"|\bich habe (?:\w+ ){0,2}kein\w* (?:körper|zunge|nase|gefühle|sinne|augen)\b|\bno tengo (?:cuerpo|boca|nariz|"
    r"sentimientos|papilas)\b|\bnon ho (?:un )?(?:corpo|bocca|naso|sentimenti|papille)\b"
    r"|\b(?:en tant qu'|je (?:ne )?suis (?:qu')?)(?:une? )?(?:ia|intelligence artificielle|modèle de langage|"
    r"assistant virtuel|programme|robot)\b"
    r"|\b(?:como|siendo|soy|sou|sendo) (?:(?:solo|só|apenas|una?|uma?) ){0,2}(?:ia|inteligencia artificial|"
    r"inteligência artificial|modelo de "
    r"(?:lenguaje|linguagem|língua)|(?:asistente|assistente) virtual(?!,? \w+ (?:fue|es|foi|é)\b)|chatbot|programa)\b"
    r"|\b(?:come|essendo|sono) (?:(?:solo|una?|un') ?){0,2}(?:ia|intelligenza artificiale|modello (?:linguistico|"
    r"di linguaggio)|assistente virtuale|programma)\b"
    r"|\b(?:как|будучи|я(?: всего лишь| просто)?) (?:ии|искусственн\w+ интеллект\w*|языков\w+ модел\w+|программ\w+|"
    r"чат-бот\w*)\b"
    r"|\b(?:jako|jestem|jsem) (?:tylko )?(?:ai|si|sztuczna inteligencja|model językowy|umělá inteligence|"
    r"jazykový model|program)\b"
    r"|\b(?:als|ik ben) (?:slechts )?(?:een )?(?:ai|taalmodel|kunstmatige intelligentie|chatbot)\b|\b(?:som|jag är|"
    r"jeg er) (?:en )?(?:ai|språkmodell?|sprogmodel)\b"
    r"|(?:bir )?(?:yapay zek[aâ]|dil modeli|yapay zek[aâ] (?:asistanı|modeli)) (?:olarak|olduğum)|"
    r"\bsebagai (?:sebuah )?(?:ai|model bahasa|kecerdasan buatan|asisten virtual)\b"
    r"|\b(?:là|tư cách) (?:một )?(?:ai|mô hình ngôn ngữ|trí tuệ nhân tạo|trợ lý ảo)\b|(?:作为|作為|"
    r"我(?:只)?是)(?:一个|一個|一名|一款)?(?:ai|人工智[能慧]|(?:大型)?(?:语言|語言)模型|智能助手|虚拟助手|机器人|程序)"
    r"|(?:ai|人工知能|言語モデル|アシスタント)(?:として|なので|ですので|ですから)|(?:ai|인공지능|"
    r"언어 ?모델)(?:로서|으로서|라서|이라서|이기 때문|이므로)|एआई होने के नाते|(?:كذكاء|بصفتي|كنموذج|"
    r"باعتباري) ?(?:ذكاء|نموذج|اصطناعي|لغوي|برنامج)?"
    r"|به عنوان (?:یک )?(?:هوش مصنوعی|مدل زبانی)|כבינה מלאכותית|כמודל שפה|ως (?:τεχνητή νοημοσύνη|γλωσσικό μοντέλο)"
)
_ABOUT_ASSISTANT = re.compile(
    r"\b(?:are|were|do|did|can|could|have|would|will) you\b(?! (?:please|help|tell|give|explain|write|list|suggest|"
    r"recommend|describe|provide|show|translate|summari|make|create|find|think of|name|rewrite|generate|identify))|"
    r"\b(?:who|what|how|why|where|when) (?:\w+ )?(?:are|were|do|did|made|created|built|trained|developed) you\b|"
    r"\byou(?:r|rself)\b.{0,20}\b(?:name|creator|maker|opinion|feel|feelings|favou?rite|self|developer|training|"
    r"model)|\byourself\b|\b(?:ai|artificial intelligence|language model|chatbot|robot|gpt)\b"
)


def self_reference(reading: Reading) -> Finding:
    """Whether the answer speaks of itself as a machine with no principle, and no question, that asks for it."""
    found = _ITSELF.search(reading.own_words)
    if found is None and reading.language != "en":
        found = _ITSELF_ELSEWHERE.search(reading.own_words)
    if found is None or reading.cites(reading.spec.self_reference_principles):
        return NOTHING
    if _ABOUT_ASSISTANT.search(reading.asked):
        return NOTHING
    return Finding(GRAVE, None, f'speaks of itself: "{found[0]}"')


# --- the end of its knowledge -----------------------------------------------------------------------------------

_MONTH = re.compile(
    r"\b(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)\b"
)
_DATE = r"(?:(?:early |late |mid-?|the end of |the beginning of )?(?:[a-z]{3,9}\.?,? )?(?:19|20)\d\d)"
_KNOWLEDGE = re.compile(
    rf"\b(?:as of|until|up to|since|before|after|in|on|to) (?:my|the) (?:\w+ )?(?:knowledge|training|data|information|"
    rf"update)\b[^.!?\n]{{0,50}}?(?:{_DATE}|[.!?,\n]|$)"
    rf"|\bmy (?:\w+ )?(?:knowledge|training(?: data)?|information|data|last update)(?: cut-?off)?(?: \w+){{0,4}}? "
    rf"(?:ends?|stops?|goes|is|was|only|extends?|reaches|dates?|cut-?off|until|up to)\b[^.!?\n]{{0,30}}?{_DATE}"
    rf"|\b(?:knowledge|training) cut-?off\b[^.!?\n]{{0,30}}?(?:{_DATE}|[.!?,\n]|$)"
    rf"|\bas of {_DATE}, (?:i|my)\b"
    rf"|\bi (?:only )?(?:know|have (?:information|knowledge|data))[^.!?\n]{{0,30}}? "
    rf"(?:until|up to|as of|before) {_DATE}"
    r"|\b(?:before|after|since|at the time of|as of) my (?:\w+ ){0,2}(?:cut-?off|training|last update)\b"
    rf"|\bmy (?:data|knowledge|information|training)\b[^.!?\n]{{0,40}}(?:no further than|only|up to|until|to) {_DATE}"
    rf"|{_DATE}, when my (?:\w+ )?(?:data|dataset|training|knowledge)\b"
)
# Whose knowledge it is, where it ends, and the year; in one sentence, in any order.
_MY_KNOWLEDGE = re.compile(
    r"\bmy (?:\w+ ){0,3}?(?:knowledge|training|data\w*|information|updates?|cut-?off|records|memory)\b|"
    r"\bi(?:'ve| was| am|'m| have)? (?:been )?(?:last |most recently )?(?:trained|updated)\b|"
    r"\bi (?:don't |do not |only |can't )*know (?:anything|nothing|only|of nothing|about (?:events|things))|"
    r"\bi (?:learned|learnt) (?:up to|until|before|through)|\bi have (?:no )?(?:information|knowledge|data)\b|"
    r"\b(?:unknown|known) to me\b|\b(?:data|texts?|information) i (?:was|have|learned)"
)
_ENDS = re.compile(
    r"\b(?:until|till|up to|through|as of|since|after|before|ends?|ended|stops?|stopped|only|goes|reach\w*|last|"
    r"most recent\w*|cut-?off|state|which is|past|beyond|later than|further)\b"
)
_KNOWLEDGE_ELSEWHERE = re.compile(
    r"(?:\bmein\w? (?:wissen\w*|trainingsdaten|informationsstand|daten)|\bm(?:es (?:connaissances|données)|"
    r"on entraînement|a base de connaissances)|\bj'ai été entraînée?|\b(?:fui|he sido) entrenad[oa]|\bfui treinad[oa]|"
    r"\bsono stat[oa] addestrat[oa]|\bich wurde (?:\w+ )?(?:trainiert|aktualisiert)|"
    r"\bmis? (?:conocimientos?|datos|información|entrenamiento)|\bmeus? (?:conhecimentos?|dados|treinamento)|"
    r"\bminha base|\ble mie "
    r"(?:conoscenze|informazioni)|\bi miei dati|\bмо(?:и|й|его) (?:знани|данны|обучени)\w*|\bmoja wiedza|"
    r"\bmoje (?:dane|znalosti)|\bmijn kennis|"
    r"\bmin kunskap|\bmin viden|\bpengetahuan saya|\bdata saya|\bkiến thức của tôi|\bbilgilerim|\bverilerim|"
    r"我的(?:知识|知識|训练|訓練|数据|資料|信息)|"
    r"私の(?:知識|情報|データ|学習)|제 (?:지식|정보|학습)|معرفتي|معلوماتي|دانش من|मेरी जानकारी|מידע שלי|"
    r"הידע שלי)[^.!?。\n]{0,40}?((?:19|20)\d\d)"
)
_A_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_A_DATE = re.compile(r"\b(?:19|20)\d\d\b|cut-?off|last update|my (?:most recent|last|latest) training")


def knowledge_date(reading: Reading) -> Finding:
    """Whether the answer names an end of its knowledge that is not its persona's, or that no principle asks for."""
    text = reading.own_words
    if not (claimed := _claimed_end(text, reading.language)):
        return NOTHING
    claim = f'"{claimed}"'
    if reading.constitution is None:
        return Finding(SLIGHT, None, f"claims an end of its knowledge: {claim}")
    true = reading.constitution.persona.knowledge_date
    if not _same_date(claimed, true):
        return Finding(GRAVE, None, f"claims {claim}; its knowledge ends in {true}")
    if not reading.cites(reading.spec.dated_principles):
        return Finding(SLIGHT, None, f"claims {claim} and cites no principle that asks for it")
    return NOTHING


def _claimed_end(text: str, language: str | None) -> str | None:
    """The words that say where its knowledge ends."""
    if language != "en" and (found := _KNOWLEDGE_ELSEWHERE.search(text)):
        return found[0].strip()
    if not _A_DATE.search(text):
        return None
    if found := _KNOWLEDGE.search(text):
        return found[0].strip()
    ends = (each for each in sentences_of(text) if _A_YEAR.search(each) and _MY_KNOWLEDGE.search(each))
    return next((each for each in ends if _ENDS.search(each)), None)


def _same_date(claim: str, true: str) -> bool:
    """Whether a claim names no date, or the true one as far as it is named."""
    claimed, known = _date_in(claim), _date_in(true.lower())
    if claimed is None or known is None:
        return True
    return claimed[0] == known[0] and (claimed[1] is None or known[1] is None or claimed[1] == known[1])


def _date_in(text: str) -> tuple[str, str | None] | None:
    year = re.search(r"(?:19|20)\d\d", text)
    if year is None:
        return None
    month = _MONTH.search(text)
    return year[0], month and month[1][:3]


# --- sources ----------------------------------------------------------------------------------------------------

_URL = re.compile(r"\b(?:https?://|www\.)[^\s)>\]\"'`]+|\bdoi:\s*10\.\d{4,}\S+", re.IGNORECASE)
_PLACEHOLDER_URL = re.compile(
    r"example\.|localhost|127\.0\.0\.1|your-?\w*\.|domain\.|w3\.org/(?:2000|1999|2001)|schema"
)
_SOURCE_HEADING = re.compile(
    r"^[#*=_ \t]*(?:see also|references|external links|further reading|bibliography|works cited|notes and references|"
    r"sources?|véase también|referencias|fuentes|siehe auch|quellen|einzelnachweise|weblinks|voir aussi|références|"
    r"notes et références|liens externes|vedi anche|bibliografia|riferimenti|ver também|referências|"
    r"см\. также|примечания|литература|参见|参考文献|参考资料|參考資料|関連項目|脚注|"
    r"zobacz też|przypisy|zie ook|ayrıca bakınız|kaynakça|lihat pula|"
    r"xem thêm)[*=_ \t]*:?[*=_ \t]*$",
    re.MULTILINE,
)
_BOILERPLATE = re.compile(
    r"from wikipedia, the free encyclopedia\b|retrieved (?:on |from )(?:\w+ \d|https?|\d)|\[citation needed\]|"
    r"this article (?:is about|needs|relies)\b|main article:|jump to navigation\b"
)
_ASKS_LINKS = re.compile(r"\b(?:sources?|links?|urls?|websites?|web ?pages?|where can i)\b")
_REFERENCE = re.compile(
    r"\b[A-Z][\w'-]+(?:,? [A-Z]\.)* et al\.|\b(?:[A-Z]\w+ (?:and|&) )?[A-Z]\w+ in the (?:Journal|Annals|"
    r"Proceedings|Archives) of\b|"
    r"\b(?:Journal|Annals|Proceedings|Archives|Review) of (?:\w+ ){1,5}?\d|\b[A-Z]\w+ (?:& [A-Z]\w+ )?\((?:19|"
    r"20)\d\d\)[.,:]? [\"“A-Z]|"
    r"\[(?<=[\w.,\"')]\[)\d{1,2}\](?:\[\d{1,2}\])*(?=[\s.,;]|$)"
)
_ASKS_SOURCES = re.compile(
    r"sourc|referenc|citation|\bcite|link|url|website|web ?page|\bsites?\b|bibliograph|html|http|resource|\bapi\b|"
    r"address|domain|where can i|wiki|article|paper|essay|report|stud(?:y|ies)|research|journal|publish|book|apa\b|"
    r"quell|literatur|fuente|bibliograf|référence|источник|литератур|文献|来源|參考|出典"
)


def invented_source(reading: Reading) -> Finding:
    """Whether the answer brings web addresses, source headings or encyclopaedia boilerplate that nobody gave it."""
    text = reading.plain
    found = _BOILERPLATE.search(text) or _SOURCE_HEADING.search(text)
    if found and not _ASKS_SOURCES.search(reading.asked):
        return Finding(GRAVE, None, f"sources from nowhere: {found[0].strip()!r}")
    given = reading.subject.instruction.user_turn.lower()
    urls = [each[0].rstrip(".,;") for each in _URL.finditer(text) if not _PLACEHOLDER_URL.search(each[0])]
    foreign = [each for each in urls if each not in given]
    reference = _REFERENCE.search(without_quotes(reading.answer))
    if not foreign and reference and not _ASKS_SOURCES.search(reading.asked) and reference[0].lower() not in given:
        return Finding(SLIGHT, None, f"reference from nowhere: {reference[0]!r}")
    if not foreign or _ASKS_LINKS.search(reading.asked):
        return NOTHING
    return Finding(SLIGHT, float(len(foreign)), f"web address from nowhere: {foreign[0][:60]}")


# --- names ------------------------------------------------------------------------------------------------------

_MAKER = (
    r"(?:openai|open ai|anthropic|google(?: deepmind| ai| research)?|deepmind|meta(?: ai)?|facebook|microsoft|alibaba"
    r"(?: cloud)?|mistral(?: ai)?|deepseek(?:-ai)?|xai|amazon|cohere|baidu|hugging ?face|stability ai|nvidia|apple|"
    r"ibm|tencent|bytedance|zhipu(?: ai)?|moonshot(?: ai)?|01\.ai|eleutherai|databricks|allen institute|ai2|laion|"
    r"tsinghua|inflection(?: ai)?|character\.ai|perplexity(?: ai)?|adept|aleph alpha|nous research|"
    r"lmsys|stanford|huawei|samsung)"
)
_ASSISTANT = (
    r"(?:chat ?gpt|gpt-?[2345]\w*|instructgpt|claude|gemini|bard|palm(?: 2)?|lamda|gemma|llama(?:[- ]?\d)?|alexa|siri|"
    r"cortana|copilot|bing(?: chat)?|sydney|ernie(?: bot)?|vicuna|alpaca|koala|dolly|dromedary|open ?assistant|falcon|"
    r"mistral|mixtral|qwen\w*|tongyi(?: qianwen)?|baichuan|chatglm|glm-?\d*|kimi|doubao|deepseek\w*|grok|command[- ]r|"
    r"phi-?\d|pi|bloom(?:z)?|granite|olmo|tulu|yi-\d\w*|internlm|hunyuan|google assistant|watson|jurassic)"
)
_MADE = r"(?:created|developed|made|trained|built|designed|owned|powered|programmed|provided|released)"
_FOREIGN = re.compile(
    rf"\b(?:i am|i'm|my name is|my name's|call me|known as|this is) (?:(?:just|only|actually|an?|the) )?"
    rf"(?:\w+ )?(?P<name>{_ASSISTANT})\b"
    rf"|\b(?:i am|i'm|as) (?:\w+ )?(?:an?|the) (?:[\w-]+,? ){{0,6}}?(?:model|assistant|ai|intelligence|chatbot|bot|"
    rf"program|system|llm|companion|"
    rf"software)\b[^.!?\n]{{0,20}}?\b{_MADE} (?:and \w+ )?(?:by|at) (?:the )?(?:\w+ (?:at|of) )?(?P<maker>{_MAKER})\b"
    rf"|\bi(?:'ve| was| have) (?:been )?(?:\w+ly )?{_MADE} (?:and \w+ )?by (?:the )?(?:\w+ (?:at|"
    rf"of) )?(?P<made>{_MAKER})\b"
    rf"|\b(?P<owner>{_MAKER})(?:,? (?:who|which|that|has|have))?(?: \w+)? {_MADE} me\b"
    rf"|(?:^|[.!?] )(?P<here>{_ASSISTANT}) here\b|\b(?:chatting|talking|speaking) (?:with|"
    rf"to) (?P<with>{_ASSISTANT})\b|\b(?P<older>{_ASSISTANT}) came after me\b"
    rf"|\bthe (?:folks|people|team|engineers|researchers) (?:at|of|from) (?P<folks>{_MAKER})\b"
    r"|\b(?:follow|against|violat\w+|according to|under|comply with|adhere to) (?P<own>openai|anthropic)'s"
)
_I_AM = (
    r"(?:ich bin|ich heiße|mein name ist|ich wurde|soy|me llamo|mi nombre es|fui|he sido|je suis|je m'appelle|"
    r"mon nom est|j'ai été|sono(?: stato)?|mi chiamo|sou|me chamo|meu nome é|я|меня зовут|我是|我叫|"
    r"我的名字(?:是|叫)|我由|私は|わたしは|私の名前は|저는|jestem|nazywam się|ben|adım|saya|nama saya|ik ben|jag är|"
    r"jeg er|tôi là|jsem|أنا|من|אני|मैं)"
)
_FOREIGN_ELSEWHERE = re.compile(
    rf"(?<!\w){_I_AM}[ ,]{{0,2}}(?:\w+ ){{0,2}}?(?P<name>{_ASSISTANT})(?![a-z])"
    rf"|(?<!\w){_I_AM}[^.!?。\n]{{0,70}}?(?P<maker>{_MAKER})(?![a-z])[^.!?。\n]{{0,25}}(?:entwickel|trainiert|"
    rf"erstell|geschaffen|gebaut|"
    r"sviluppat|creat|addestrat|开发|開發|训练|訓練|创建|研发|研發|推出|打造|的(?:ai|语言|大型|人工)|が?(?:開発|"
    r"作っ|作ら|訓練|提供)|에서|가 (?:개발|만든|훈련)|개발|만든|tarafından)"
    rf"|(?P<owner>{_MAKER}) (?:\w+ ){{0,2}}(?:me (?:desenvolveu|criou|treinou|desarrolló|creó|entrenó|ha creat\w|"
    rf"ha svilupp\w+)|m'a (?:créée?|développée?|entraînée?)|"
    r"hat mich|меня (?:создал|разработал)\w*)"
    rf"|(?<!\w){_I_AM}[^.!?。\n]{{0,60}}?(?:desarroll|cread|entrenad|développ|créé|entraîn|conçu|svilupp|creat|"
    rf"addestr|desenvolvid|criad|treinad|"
    r"разработ|создан|обучен|opracowan|stworzon|dikembangkan|dibuat|ontwikkeld|getraind|utveckl|udvikl|phát triển|"
    r"vytvoř|طو|آموزش)"
    rf"[^.!?。\n]{{0,25}}?(?P<made>{_MAKER})(?![a-z])"
)
# Names that stand in no word: Chinese, Korean and Japanese write no blanks.
_NAMES_ELSEWHERE = (
    r"阿里巴巴|阿里云|通义千问|百度|文心一言|腾讯|混元|字节跳动|豆包|智谱|月之暗面|谷歌|微软|深度求索|네이버|클로바|카카오|"
    r"구글|챗gpt|제미나이|グーグル|マイクロソフト|ジェミニ|クロード|гигачат|яндекс|сбер|алиса"
)
_ANY_NAME = re.compile(rf"(?<![\w.])(?:{_ASSISTANT}|{_MAKER})(?![a-z])|{_NAMES_ELSEWHERE}")
# A short question about the assistant itself: in its answer any other name is a claim, unless it is denied.
_ASKS_WHO = re.compile(
    r"\b(?:who|what|which|whose|where)\b.{0,40}\b(?:you|your)\b(?! (?:suggest|recommend|think|prefer|like|use|know))|"
    r"\b(?:you|your) (?:name|made|built|trained|created|maker|developer|from)|\byourself\b|\bare you\b|"
    r"(?:\b(?:du|dich|dir|ihr name|tu|te|t'|toi|vous|eres|usted|você|ti|sei|тебя|ты|вы|вас|sen|seni|kamu|anda|bạn|je|"
    r"jij|jou|cię|ty)\b|你|您|あなた|君|너|넌|당신).*|.*(?:あなた|你|您|당신)"
)
_WHO = re.compile(
    r"\b(?:who|name|made|built|trained|create\w*|develop\w*|make|model|company|version|yourself|from|belong|you|"
    r"wer|heißt|gebaut|entwickelt|gemacht|qui|appelle\w*|nom|créée?|quién|llam\w+|cre[óo]|hizo|desarroll\w+|quem|nome|"
    r"chama|criou|fez|chi|chiam\w+|creato|кто|зовут|создал\w*|сделал\w*|kim|adın|yarattı|siapa|nama|ai|tên|wie|heet|"
    r"gemaakt|kto|nazyw\w+|stworzył\w*)\b|谁|誰|名字|名前|だれ|什么模型|哪家|开发|누구|이름|만들"
)
_DENIES = re.compile(
    r"\b(?:no|not|nor|none|nothing|neither|never|unlike|than|kein\w*|nicht|nein|non|pas|ni|nunca|não|нет|не|ни|nie|"
    r"değil|hayır|bukan|tidak|không|niet|geen|inte|ikke)\b|n't\b|不|没|沒|ではなく|ではありません|いいえ|아니"
)
_INTRODUCES = re.compile(
    r"\b(?:I am|I'm|[Mm]y name is|[Mm]y name's|[Cc]all me|I go by|I'm called|I am called) (?:just "
    r")?(?!Assistant|AI\b)([A-Z][\w-]+)(?=[,.!]| and\b)"
)
_MADE_BY = re.compile(rf"\b(?:i|me)\b[^.!?\n]{{0,30}}\b{_MADE} (?:and \w+ )?by (?!\w+ing\b)[^.!?\n]*|{_MADE} me\b")
_SIGNED = re.compile(
    rf"(?:brought to you by|sincerely,?|yours(?: truly)?,?|signed,?|regards,?|greetings from|powered by|\n[-–]+) ?"
    rf"(?P<name>{_ASSISTANT})\W*$|\bas (?P<as>{_ASSISTANT}), i\b|\b(?P<such>{_ASSISTANT})\b[\w ]{{0,20}} (?:such as|"
    rf"like) "
    rf"(?:myself|me)\b|\b(?P<which>{_ASSISTANT}), (?:which|that) is (?:what|who) i am\b|"
    rf"\b(?P<owner>{_MAKER})\b[^.!?\n]{{0,40}}\b(?:improve|train|retrain|update|host|maintain|run|own)s? (?:me|my)\b"
)
_IDENTITY = re.compile(
    r"\b(?:i am|i'm|my name is) (?P<name>[a-z][\w-]+), (?:an?|your|the) (?:[\w-]+ ){0,4}(?:assistant|language model|"
    r"chatbot|ai)\b"
)


def foreign_name(reading: Reading) -> Finding:
    """Whether the answer claims to be another assistant, or of another maker, than its persona."""
    own, maker = _own_names(reading)
    text = reading.own_words
    elsewhere = () if reading.language == "en" else _FOREIGN_ELSEWHERE.finditer(text)
    for found in (*_FOREIGN.finditer(text), *elsewhere, *_SIGNED.finditer(text)):
        name = next(filter(None, found.groupdict().values()))
        if name not in own and name not in maker and not _is_played(reading, name):
            return Finding(GRAVE, None, f'claims to be somebody else: "{found[0].strip()}"')
    identity = _IDENTITY.search(text) if own else None
    if identity and identity["name"] not in own and identity["name"] not in reading.asked:
        return Finding(GRAVE, None, f'calls itself "{identity["name"]}"')
    return _asked_who(reading, own, maker) if _is_asked_who(reading) else NOTHING


def _is_asked_who(reading: Reading) -> bool:
    """Whether a short question is about the assistant's name, kind or maker, and no part to play."""
    if len(reading.asked) > _LONGEST_QUESTION or WANTS_TEXT.search(reading.asked):
        return False
    return bool(_ASKS_WHO.search(reading.asked) and _WHO.search(reading.asked))


def _asked_who(reading: Reading, own: str, maker: str) -> Finding:
    """What it says of itself when it is asked: other names than its persona's, where it has one."""
    for sentence in sentences_of(reading.own_words)[:3]:
        if _DENIES.search(sentence) or (_SAYS_WHAT_IS.search(sentence) and not _SPEAKER.search(sentence)):
            continue
        known = f"{own} {maker} {reading.asked}"
        names = (each[0] for each in _ANY_NAME.finditer(sentence) if each[0] not in known)
        # Claude Monet is no assistant.
        name = next(
            (each for each in names if not re.search(rf"{re.escape(each.title())} [A-Z][a-z]", reading.answer)), None
        )
        is_other = (
            own and _MADE_BY.search(sentence) and not any(each in sentence for each in (own, *maker.split()[-2:]))
        )
        if name or is_other:
            return Finding(GRAVE, None, f'claims to be somebody else: "{sentence[:60].strip()}"')
    introduced = _INTRODUCES.search(reading.answer) if own else None
    if introduced and introduced[1].lower() not in f"{own} {reading.asked}":
        return Finding(GRAVE, None, f'calls itself "{introduced[1]}"')
    return NOTHING


_LONGEST_QUESTION = 60
_SAYS_WHAT_IS = re.compile(rf"\b(?:is|are|was|were|has|have)\b|\b{_MADE} (?!me\b)")
_SPEAKER = re.compile(r"\b(?:i|me|my|myself|we|us|our)\b|\bi'|this is|speaking")


def _own_names(reading: Reading) -> tuple[str, str]:
    if reading.constitution is None:
        return "", ""
    return reading.constitution.persona.name.lower(), reading.constitution.persona.maker.lower()


def _is_played(reading: Reading, name: str) -> bool:
    """Whether the name stands in the instruction and is more likely its subject than its answerer."""
    return name in reading.asked and not _ABOUT_ASSISTANT.search(reading.asked)
