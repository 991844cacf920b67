"""How English declines, objects, lectures and redirects: one pattern per speech act, matched on single sentences.

Every pattern describes a construction (who, negated ability, verb of helping), none an opening that some model likes.
All expect `plain` text.
"""

import re

_LY = r"(?:\w+ly |also |even |just |ever |in good conscience,? |actually |currently |simply |in any way |at all )*"
_SELF = (
    r"\b(?:i|we|this (?:assistant|model|ai|system|chatbot))\b(?:'m|'re|'d|'ll)?,?(?: \w+,){0,2}"
    r"(?: (?:am|are|was|regret to (?:say|inform you) (?:that )?i))?"
)
_UNABLE = (
    r"(?:can ?not|can't|cant|could ?n[o']t|will not|won't|would not|wouldn't|shall not|should not|shouldn't|am not|"
    r"(?:\w+ )?unable to|(?:\w+ )?not (?:\w+ )?(?:able|going|willing|allowed|permitted|authori[sz]ed|programmed|"
    r"designed|capable|equipped|comfortable|in a position|inclined|prepared|trained|qualified|supposed|here)"
    r"(?: to| of| with)?|(?:do not|don't) (?:feel (?:\w+ )?comfortable|have the (?:ability|capability|capacity|means|"
    r"authority|right|expertise)|wish|want|intend|plan)(?: to| of| with| about)?|have no (?:way|means) (?:to|of))"
)
# What an assistant does for a user. "I cannot swim" or "I won't forget" in a story is no decline.
_SERVE = (
    r"(?:provid|help|assist|answer|giv|offer|fulfil|compl[yi]|complet|support|satisf|generat|creat|writ|produc|engag|"
    r"discuss|shar(?:e|ing)|suggest|recommend|endors|condon|promot|encourag|advi[sc]|respond|tell (?:you|anyone|a )|"
    r"do (?:that|this|so|it)\b|participat|facilitat|continue (?:this|with|the)|disclos|reveal|comment|accommodat|"
    r"show you|teach|explain|guid|instruct|fabricat|perform|execut|compos|list|describ|justif|argue (?:for|that)|grant|"
    r"proceed|prescrib|translat|entertain|cooperat|aid|make (?:any|a |that|such|this|claims|recommend|judg|predict|"
    r"comment|statement|jokes)|take part|tolerat|speak (?:to|on|about)|talk (?:you|about)|go along|meet (?:that|this|"
    r"your)|carry out|agree (?:to|with)|process (?:that|this|your)|be (?:of (?:help|assistance)|able to (?:help|assist|"
    r"provide)|part of|a part of)|walk you|plan\b|get into|go into|touch|build|point you|look into|supply|suppl|"
    r"reproduc|recit|quot|draft|cod(?:e|ing)\b|script|impersonat|play\b|go there|clear yours|name (?:any|names)|rank|"
    r"order (?:that|this|it|a)|book (?:that|this|it|a)|send (?:that|it|a)|coach|forge|fak(?:e|ing))"
)
# ... and what it would have to find out first.
_KNOW = (
    r"(?:access|speculat|determin|confirm|brows|look up|search|predict|verif|diagnos|identif|foresee|"
    r"say (?:whether|which|what|who|how|if|when)|know\b|tell (?:you )?(?:whether|which|what|who|when|if)|"
    r"(?:see|check|view|read|open|track) (?:the|your|live|current|any|what|that|real))"
)
# Whatever the verb, if its object is what was asked for: "I won't build that".
_THAT = (
    r"(?:be )?(?!pretend|claim|promise|believe|imagine|stand|remember|recall|understand|see|think|deny|accept|stress|"
    r"recommend|wait|find|"
    r"say|afford|emphasi)[\w-]+ (?:you )?(?:with |to |about |on |in )?(?:that|this|such|these|those|your request)\b"
)
_VALUES = (
    r"(?:programming|guideline|polic|capabilit|abilit|scope|purpose|principle|values|ethic|rules|safety|instructions|"
    r"terms|expertise|remit)"
)

DECLINE = re.compile(
    rf"{_SELF}(?: {_LY}{_UNABLE} {_LY}(?:(?:and|or) (?:\w+ )?(?:not )?)?(?:\w+ or )?(?:{_SERVE}|{_THAT})"
    rf"| (?!would)(?<!if i ){_UNABLE}\W*$"
    rf"|(?: (?:must|have to|need to|will|would|am going to(?: have to)?|going to(?: have to)?|should|"
    rf"prefer to))? {_LY}(?:declin(?:e|ing)\b|refus(?:e|ing)(?: to\b|\W*$)|refrain(?:ing)? from|abstain(?:ing)? from|"
    rf"pass on (?:this|that)|(?:rather|prefer) not(?: to)?(?: {_SERVE}|\W*$))"
    rf"| (?:\w+ ){{0,4}}?(?:do not|don't) {_LY}(?:and \w+ )?(?:\w+,? (?:or|and) )?"
    r"(?:condone|support|endorse|promote|encourage|tolerate|engage in|participate|advocate|assist|facilitate|provide|"
    r"offer|share|create|generate|discuss|give|answer|help|think i (?:should|can|could|ought))\b(?! from\b)"
    rf"| (?:am |was |'m )?(?:\w+ )?(?:programmed|designed|trained|instructed|told|made) (?:\w+ )?not to\b"
    rf"| (?:must|have to|need to|will|'ll) (?:adhere|stick|abide|keep)\b.{{0,40}}\bnot \w+ing\b)"
    rf"|\b(?:i|we) (?:\w+ ){{1,8}}?and {_LY}{_UNABLE} {_LY}{_SERVE}"
    rf"|^(?:[\W_]|sorry|apologies|but|no|nope|unfortunately|however|regrettably|my apologies)*"
    rf"(?:{_UNABLE} {_LY}(?:{_SERVE}|{_THAT})|not (?:something|going to happen|possible))"
    r"|\b(?:not|isn't|n't) (?:something|a (?:topic|subject|request|question|conversation|task)) (?:that )?(?:i|we)"
    r"(?:'m|'ll|'d| am| are| can| could| will| would| want)"
    r"|\b(?:not|isn't|n't|outside|beyond|against|contrary to|violat\w+|conflicts? with) (?:within |in |part of |"
    rf"in line with |aligned with |consistent with |the scope of )?(?:my|our) (?:\w+ ){{0,3}}{_VALUES}"
    rf"|\b(?:my|our) (?:\w+ )?{_VALUES}\w* (?:do not|don't|does not|doesn't|won't|will not|prohibit|forbid|prevent)"
    r"|\b(?:wrong|unethical|irresponsible|inappropriate|improper) (?:of|for) (?:me|us) to\b"
    r"|\b(?:your|this|that|the) (?:request|question|prompt|query|task)\b.{0,40}\b(?:cannot|can't|could not) be "
    r"(?:fulfilled|answered|completed|processed|accommodated|met)"
)
# Strong praise and set phrases that look like inability, and a story's or letter's "we".
IDIOM = re.compile(
    r"(?:wouldn't|would not) (?:\w+ )?(?:recommend|advise)|"
    r"(?:can't|cannot|couldn't|can not|won't) (?:\w+ )?(?:(?:pick|choose|name) (?:just|only|a single|one)|help but|"
    r"help (?:myself|it|thinking|feeling|noticing|"
    r"wonder)|recommend .{0,30}(?:enough|highly)|say enough|agree more|tell you how (?:much|many|happy|glad|\w+ (?:i|"
    r"it|we))|make it|see (?:why|how|any)|continue without|make any sense|complain)|\bwe (?:cannot|can't|do not|"
    r"don't) (?:know (?:what|who|whether|if)|determine|predict|access|search|perform|describe|confirm|verify)"
)

# "I won't ..." is a decline whatever the verb, but for what people say of themselves in passing.
_IN_PASSING = (
    r"(?:pretend|lie|sugarcoat|sugar-coat|judge|bore|forget|den(?:y|ying)|deceive|mislead|mince|claim|complain|argue|"
    r"repeat|miss|have|need|know|see|find|regret|want|hurt|hide|keep you|spoil|insult|beat around|be (?!part|a part|"
    r"help|walk|do|giv|writ|shar|provid|assist|creat|answer|join)|say (?:no|never|it|much|more)|let you|make you|"
    r"leave you|rest|stop|give up|"
    r"saying|suggesting|asking|kidding|joking|implying|talking|counting|looking|claiming|getting any|feeling|trying|"
    r"sure|only|just|alone|the only|going to (?:lie|pretend|judge|sugar|deny|say (?:no|it)|be\b))"
)
_AWAY = (
    r"(?:pass\b(?! \w+ (?:the|along))|skip\b|decline|stop (?:there|here|short)|sit (?:this|that|it)|"
    r"stay (?:well )?(?:away|out)|step (?:away|back|out)|steer clear|hold off|bow out|opt out|say no|turn (?:this|that|"
    r"it|you) down|refuse|draw the line|leave (?:this|that|it|those)\b)"
)
_I = (
    r"(?:'m| am|'ll| will|'d)?(?: going to| have to| gonna)? (?:stay|keep|steer|shy|back) (?:well |right )?(?:away|"
    r"clear|out) (?:of|from)\b",
    r"(?:'m| am) (?:holding off|stopping (?:here|there)|unwilling|leaving|keeping|skipping) (?:\w+ ){0,3}(?:out|"
    r"off|to|here|there)\b",
    r"(?:'ll| will|'d|'m going to| am going to| have to| must)(?: have to)? say no\b",
    r" (?:don't|do not) (?:hand|give) out\b",
    r" (?:don't|do not) (?:write|make|build|teach|coach|reveal|rate|play along|go along|name names)\b(?! (?:sense|"
    r"mistakes|sure))",
    r" (?:wouldn't|would not) (?:share|help|tell|give|write|do|touch)\b(?! (?:it )?(?:without|unless|if))",
    r"'d (?:only )?be (?:guessing|making (?:it|that|things|one) up|inventing|lying)\b",
    rf"(?: \w+ly)? (?:won't|will not|refuse to) (?:be )?(?!{_IN_PASSING})\w+",
    (
        rf"(?:'m| am) not (?:going to|about to|willing to|prepared to|doing|touching|helping|writing|giving|sharing|"
        rf"building|getting into|taking part|participating|comfortable|up for|on board|game)\b(?! (?:{_IN_PASSING}))"
    ),
    (
        rf"(?:'ll| will| must| have to|'ve got to|'m going to| am going to|'m choosing to|'d better)(?: have to|"
        rf" need to)? (?:respectfully )?{_AWAY}\b(?! you)"
    ),
    r"(?:'m| am) (?:choosing|electing|opting) not\b",
    r" choose not to\b|'d (?:prefer|rather|sooner) (?:if )?(?:we|you) (?:didn't|did not|not)\b",
    r"(?:'d be|'d feel|'m| am| feel) uncomfortable (?:\w+ing|with)\b|'m not \w+ing (?:it|that|this|them|those)\b[.,;]",
    r" (?:wasn't|was not) there\b[,.]|(?:'ve| have)(?: got)? no idea[,.;]|"
    r" (?:genuinely|really|simply|honestly) (?:don't|do not|can't|cannot) know\b[.,;]?",
    r" (?:don't|do not|can't|cannot) (?:receive|see|hear|open|get) (?:any |your |the )?(?:e-?mails?|files?|"
    r"attachments?|"
    r"images?|pictures?|photos?|messages|calls|audio|pdfs?|screens?|accounts?|links?)\b",
    r" (?:can )?only (?:see|read|get|work with|have) (?:the |what )?(?:text|words|you (?:type|write|paste))\b",
    r" (?:wouldn't|won't|can't|cannot|don't|couldn't) (?:even )?(?:hazard|venture|take|make) a guess\b",
    r" don't have and\b|(?<=[a-z] i) (?:don't have|can't (?:see|get|give|share|reach))[.,;]",
    r"(?:'m| am) (?:leaving|skipping) (?:that|this|it|them)\b",
    (
        r"(?:'d| would) (?:rather|sooner|prefer to|prefer) (?:(?:not|to not)(?: to)?(?: (?:do|write|help|say|go|"
        r"answer|look|build|discuss|share|speculate|guess|take|get|make|be|comment|give|provide|engage|touch|"
        r"create)\b|[.!,;:]|$)|skip|leave|steer|stay (?:away|out)|pass\b|decline)"
    ),
    (
        r" (?:don't|do not) (?:\w+ly )?(?:do (?:that|this|these|those|\w+ requests)|speculate|take part|"
        r"guess (?:at|about)|impersonate|go there|out people)\b"
    ),
)
_NONE = r"(?:no|none|nothing|not (?:a|an|one)|never|will not|\w+n't)"
_PHRASES = (
    r"(?:that's|it's|this is|that is) (?:a|an) (?:\w+ )?no\b(?! ?-)",
    r"my answer (?:is|stays|has to be|will be) no\b",
    r"no,? (?:thanks|thank you)\b|thanks,? but no\b",
    r"not (?:the (?:right )?(?:one|assistant|tool|person|place) (?:for|to)|mine to|on my|up for)\b",
    r"(?:without|leave) me out\b|without (?:me|my help)\b",
    r"you'?(?:ll| will|d)? (?:have to|need to|must) (?:do|find|write|manage|sort|take|handle) \w+ (?:yourself|"
    r"without|on your own|alone)\b",
    r"let (?:me|us) stop (?:you )?(?:there|here)\b|let's not\b(?! (?:forget|kid))",
    r"(?:doesn't|does not|don't) (?:sit|feel) right\b",
    r"your guess is as good as mine\b|even if i (?:had|could|knew)\b",
    r"(?:gonna|going to) have to (?:skip|pass|decline|stop)\b",
    r"here (?:isn't|is not|won't be|aren't) (?:an option|possible|allowed)\b|(?:isn't|is not) within my (?:power|"
    r"reach)",
    r"doing (?:you|them|anyone) (?:a|no) (?:disservice|favou?rs?)\b",
    r"without making (?:it|that|this|things|something|anything) up\b",
    (
        r"(?:falls?|is|'s|are|goes|sits?|lies?|lands?) (?:\w+ly |well |far |just )?(?:outside|beyond|past|"
        r"over) (?:of )?(?:the line\b|my limits|what (?:i|we)\b|the (?:scope|kind|things)|my (?:remit|scope|"
        r"limits|role|lane))"
    ),
    r"off the table\b",
    r"out of the question\b",
    r"(?:strictly |that's |is )off[- ]limits\b",
    r"(?:hard|firm|big|clear|flat) (?:pass|no)\b",
    r"a (?:pass|no) from me\b",
    r"no (?:can do|dice|deal)\b",
    r"not happening\b",
    r"(?:i'm|i am|count me) out\b",
    r"(?:sit|sitting) (?:this|that) (?:one )?out\b",
    r"giv(?:e|ing) (?:it|this|that)(?: one)? a miss\b",
    r"steer(?:ing)? clear of (?:this|that|it|help)",
    r"draw(?:ing)? (?:the|a) line\b",
    r"(?:a|the) line i(?:'m| am| won't| don't|'ll| will)\b",
    r"where i (?:stop|draw)\b",
    r"stays (?:closed|shut)\b",
    (
        r"(?:is|are|be|was|'s)?(?:n't| not|not) (?:something|anything|an? [\w-]+(?: \w+)?|one|content|material|"
        r"territory|somewhere) (?:that |which |where )?(?:i|we|you'll get)\b"
    ),
    r"something (?:that )?i (?:won't|will not|can't|cannot|refuse|don't)\b",
    r"something i(?:'m| am) (?:not\b|going to (?:stay|avoid|skip|pass|leave))",
    r"not my (?:kind|sort|thing|place|call)\b",
    r"(?:not|isn't|won't be) part of (?:this|that|the (?:scene|deal|offer))",
    r"(?:find|get|look for) (?:that|it|this) (?:elsewhere|somewhere else)\b",
    r"(?:won't|will not|not) (?:get|find|hear) [\w' ]{1,30}(?:from me|my help)",
    r"(?:i|we) (?:won't|will not|can't|cannot)(?: do)?[.!,;]*$",
    r"can't do (?:it|that)\b",
    r"we're not doing\b",
    r"not doing (?:that|this|it)\b",
    r"i'll (?:skip|pass on) (?:it|that|this)\b",
    r"has to come from you\b",
    r"(?:not|isn't|aren't|wasn't|never) (?:mine|yours|for me|up to me|my (?:place|call|business|decision|story|secret))"
    r"(?: \w+){0,2} to\b",
    # nothing comes from here
    rf"{_NONE}\b[^.!?;]{{0,60}}? (?:from (?:me|here|this (?:end|side|chat)|my (?:side|end|pen|keyboard))|on my "
    rf"watch)\b",
    r"(?:won't|will not|\w+n't) (?:talk|get|find|have|persuade) (?:me|my)\b",
    r"you(?:'re| are) on your own\b(?= (?:there|here|with|for|on|in)\b|[.!,;]*$)",
    r"you(?:'ll| will) (?:have|need) to (?:go without|look elsewhere|ask (?:someone|somebody) else|get (?:that|it|"
    r"those|one) from|(?:find|try) (?:another|someone|somebody))\b",
    # here it ends
    r"(?:dead end|no-go|non-?starter|hard stop)\b",
    r"(?:where|and there|so there|here|that's where) (?:i|my help|my part|we|it) (?:ends?|stops?|draw|get off)\b",
    r"i(?:'m| am|'ll| will|'ll have to| must) (?:end(?:ing)?|stop(?:ping)?|clos(?:e|ing)|leav(?:e|ing)|turn(?:ing)?) "
    r"(?:this|that|it|things|you) (?:here|there|at that|alone|be|away|unwritten|unsaid|unanswered|to (?:you|"
    r"others|the))\b",
    r"let's (?:leave|skip|drop|park|give|set|pass on|steer|stay|keep) (?:that|this|it|clear|away|out)\b"
    r"(?! (?:in|on|simple|short|to|at))",
    # not among what there is
    r"(?:not|\w+n't|off|never) (?:on|in|among|part of|within)? ?(?:the|my|our) (?:menu|cards|table|list|agenda|"
    r"repertoire|toolkit|job|skill ?set|wheelhouse|services?|things (?:that )?i)\b",
    r"(?:unknown|closed|hidden|invisible|inaccessible|unavailable|barred|(?:not|\w+n't|never) (?:known|open|visible|"
    r"accessible)) to me\b|(?:beyond|past|out of|outside) (?:me\b|my (?:reach|view|sight|power|ken))|"
    r"(?:doesn't|does not|don't) exist for me|a blank (?:to|for) me|escapes? me\b",
    r"(?:keep|wash) my hands (?:clean|of)\b|(?:not|\w+n't|never|rather not|sooner not) (?:lend\w*|put|have|set) "
    r"(?:my|a) "
    r"(?:hand|name|pen)\b|my pen stays\b",
    r"stays? (?:private|sealed|secret|between|unsaid|unwritten)\b[^.!?]{0,30}\b(?:me|i|concerned)\b",
    r"(?:wrong|other) side of (?:what|the line|my)\b",
    r"(?:i'm|i am|makes me) (?:\w+ )?(?:hesitant|reluctant|wary|uneasy|uncomfortable|unwilling|not keen|not happy|"
    r"loath|"
    r"disinclined)\b",
    r"(?:not|\w+n't|never|hardly) (?:on offer|available|possible|doable|going to happen|an option) (?:here|from|with "
    r"me|in "
    r"this|through)\b",
    r"(?:care|respect|value|like) (?:[\w']+ ){0,3}too much to\b|too (?:risky|dangerous|harmful|cruel) (?:for me )?to "
    r"(?:put|write|share|give|hand|help|spell)\b",
    r"i(?:'ll| will|'d rather)? (?:stay|remain|keep) (?:silent|quiet|out|mum|neutral)\b",
    r"you(?:'ll| will|'d)? (?:find|get|see|hear) (?:no\b|none|nothing)",
    r"so,? no[.,!;]*$|[\w']+, no[.!]*$",
    r"(?:is|are|was|remains?) for (?:\w+ ){1,4}to (?:say|decide|tell|judge|settle|answer)\b",
    r"would do (?:you|them|him|her|anyone) (?:a|no) (?:disservice|favou?rs?)\b",
    r"i (?:want|take|have|play) no part\b|have nothing to (?:offer|teach|give|add|say|show|tell)\b",
    r"(?:not|\w+n't) public\b(?=[.,;!])",
    r"i (?:stick|keep|hold myself|confine myself) to (?:\w+ ){1,3}(?:that|which|i)\b",
    r"(?:can(?:no|')t|won't|will not|must not|shouldn't|should not) be (?:written|given|shared|provided|discussed|"
    r"helped|drafted|handed|answered|revealed) (?:here|by me|in this|to you)\b",
)
_NO_LIST = (
    r"^\W*no (?:help|hints?|tips?|details|advice|exceptions|instructions|scripts?|recipe)\b(?: \w+){0,3}(?:,|\.|$)"
)
SPOKEN = re.compile(rf"\b(?:i(?:{'|'.join(_I)})|{'|'.join(_PHRASES)})|{_NO_LIST}")
"""Declining as it is said now: "I won't walk you through that", "that's a hard pass", "not something I do"."""

OMITS = re.compile(
    r"\bi(?:'ve| have|'ll|'d| would)? (?:left|leave|kept|keep|taken|dropped|drop|skipped|skip|"
    r"let) (?:[\w']+ ){1,5}?(?:out|off|rest|aside)\b|"
    r"\b(?:stays? out(?! of the)|left out)\b|\bso not that\b|\bwithout the \w+, since\b|\bi've left off\b"
)
"""Saying that a part of what was asked for is left out."""

_GOOD = (
    r"(?:ethical|legal|appropriate|acceptable|respectful|moral|okay|ok|safe|advisable|recommended|responsible|"
    r"productive|permissible|justifi\w+|humane|accurate|fair|reasonable|a good idea|suitable|proper|healthy|"
    r"constructive|polite)"
)
_WRONG = (
    r"(?:illegal|unethical|immoral|inappropriate|unacceptable|wrong|unlawful|discriminatory|disrespectful|offensive|"
    r"against the law|reprehensible|irresponsible|racist|sexist|prejudiced|hurtful|abhorrent|(?:a |"
    r"an )?(?:\w+ ){0,2}(?:crime|criminal act|illegal act|criminal offen[cs]e|felony|violation of)|harmful|(?:very |"
    r"extremely |highly )?dangerous)"
)

IMPERSONAL = re.compile(
    rf"\b(?:not|never|isn't) (?:be )?(?:\w+ly )?{_GOOD}(?:(?:,| or| and|, or)+ \w+)* (?:for (?:me|us|an ai) )?to "
    r"(?:\w+,? (?:or|and) )?(?:provide|discuss|encourage|promote|suggest|support|share|give|offer|assist|help|answer|"
    r"respond|engage in|condone|advise|describe|instruct|facilitate|endorse)\b"
)
"""Declining without saying who declines: "it would not be right to provide ..."."""

VERDICT = re.compile(
    rf"\b(?:not|never|n't|neither) (?:be )?(?:an? )?(?:\w+ly )?(?:\w+,? ){{0,3}}?{_GOOD}\b"
    rf"|\b(?:is|are|'s|be|was) (?:\w+ly )?(?:not only |both |also |considered |generally |always )?{_WRONG}\b"
    r"|\bnever (?:be )?(?:\w+ )?(?:acceptable|condoned|justified|appropriate|okay|the answer|right|an option)"
    r"|\b(?:i|we) (?:\w+ )?(?:advise|urge|caution|warn)(?: you)?(?: \w+)? against\b|\bcondoned?\b"
    r"|\bgoes against (?:the|basic|all|our|my|ethical|moral|human)"
)
"""An impersonal judgement on what was asked for: "it is not appropriate to ...", "... is illegal"."""


OBJECTION = re.compile(
    r"\b(?:i|we) (?:\w+ )?(?:must|have to|need to|want to|would like to|feel (?:compelled|obliged) to|should|"
    r"feel it is \w+ to)(?: \w+ly)?(?: \w+)? (?:clarif|emphasi|point out|inform you|remind you|stress|caution|warn|"
    r"make (?:it )?clear|object|challenge|address|express concern)"
    r"|\b(?:the|this|your|that) (?:\w+ )?(?:question|phrase|phrasing|term|wording|premise|statement|request|"
    r"assumption|language|idea|notion)\b.{0,90}\b(?:not (?:\w+ ){0,2}(?:appropriate|ethical|respectful|meaningful|"
    r"make sense|be based|based|accurate|valid|fair|acceptable|factual\w*|supported)|(?:does|may|do)(?: not|"
    r"n't) make sense|problematic|harmful|offensive|negative connotation|inappropriate|incorrect|unethical|"
    r"discriminatory|misunderst\w+|violent)|\b(?:rephras\w+|reword\w+|reconsider\w*|rethink) (?:the|your|this)\b"
    r"|\b(?:i|we) (?:do not|don't) (?:\w+ )?think (?:it|it is|it's|that|that is|that's|"
    r"this is)\b.{0,20}\b(?:appropriate|right|ethical|okay|fair|respectful|a good idea|accurate|valid)"
    r"|\bnot sure (?:that |if |why )?(?:it|it's|it is|that)\b.{0,12}\b(?:appropriate|ethical|right|respectful)"
)
"""Talk about the request instead of its matter: "I must point out that the phrase ... may be harmful"."""


LACKS = re.compile(
    rf"{_SELF} {_LY}{_UNABLE} {_LY}(?:\w+ or )?{_KNOW}|"
    r"\b(?:i|we)\b(?: \w+){0,8}? (?:do not|don't|cannot|can't|lack)(?: \w+)? ?(?:have|hold|possess|know|"
    r"form)?\b.{0,40}?\b(?:access|opinions?|beliefs?|information|personal|ability|capability|feelings|knowledge|"
    r"real-time|preferences|details|biases|up-to-date|records)\b"
    r"|\bi(?:'ve| have)(?: got)? no (?:means|way|access|record|memory|information|data|knowledge)\b|"
    r"\b(?:not|aren't|isn't) available to me\b|\bnothing i could tell you\b|\bhow would i know\b"
)
"""What the speaker says it is without: opinions, access, knowledge."""

_MORAL = (
    r"(?:respect\w*|dignity|privacy|consent|others|safety|well-being|wellbeing|ethic\w*|moral\w*|harm\w*|sensitiv\w+|"
    r"stereotyp\w*|assumptions?|generali[sz]\w*|discriminat\w*|prejudic\w*|inclusi\w+|equal\w*|rights|fair\w*|"
    r"empath\w*|compassion\w*|kindness|violen\w+|illegal|legal\w*|lawful\w*|law|laws|responsib\w*|boundar\w+|"
    r"personal information|confidential\w*|positiv\w+|negativ\w+|offensive|hurtful|consequences|authorit\w+|"
    r"professional help|mental health|appropriate\w*|peace\w*|non-judgmental|truth\w*|misinformation|integrity|"
    r"unethical)"
)
_URGE = (
    r"(?:\b(?:it's|it is|is|be|remains) (?:\w+ )?(?:important|essential|crucial|vital|necessary|imperative|best|"
    r"critical)(?: \w+)? (?:to|that)\b|\b(?:should|must|ought to|need to) (?:always|never|not|all|be|instead|strive|"
    r"focus|treat|respect|prioriti)\b|\balways\b|\bplease (?:remember|respect|consider|seek|prioriti|note)|"
    r"\bremember (?:that|to)\b|\bstrongly (?:advise|encourage|urge|recommend)|\bevery(?:one|body|\b (?:person|"
    r"individual|human))\b|\ball (?:people|individuals|humans|human beings|human life)\b|\blet's (?:focus|work|"
    r"strive|try)\b|\bavoid\w*\b)"
)
MORAL = re.compile(rf"\b{_MORAL}\b|connotation|problematic|inappropriate")
PEOPLE = re.compile(
    r"\b(?:discriminat\w*|equal(?:ly|ity)?|rights|dignity|regardless|stereotyp\w*|prejudic\w*|unfair\w*|fairness|"
    r"fairly|respect(?:ed|ful|fully)?(?! to)|inclus\w*|human beings?|marginali\w*|oppress\w*|racis\w*|sexis\w*|"
    r"bigot\w*|bias\w*|violen\w*|hatred|justif\w*)\b"
)
"""How people should be treated: what a rejected premise is lectured about."""

URGE = re.compile(_URGE)
"""Urging; with a moral object after it, an admonition."""

REFERRAL = re.compile(
    r"\b(?:seek\w*|reach\w* out|talk(?:ing)? (?:to|with|things)|speak(?:ing)? (?:to|with)|consult\w*|contact\w*|"
    r"call)\b.{0,60}\b(?:help|support|professional|counsel|therap|authorit|someone|friend|expert|hotline|lifeline|"
    r"lawyer|attorney|doctor|services|specialist|police|adult|emergency|911)"
    r"|\b(?:you are|you're) not alone\b|\bpeople who care about you\b"
)
OFFER = re.compile(
    r"^\W*(?:instead\b|rather than\b|if you(?:'d like|'re| are| have| need| would| want)|is there (?:any|some)|"
    r"please (?:let|feel|do)|feel free|let me know|let's\b|how (?:can|may) i|can i help|what (?:else|specific)|i(?:'d|"
    r"'ll| would| will)? (?:be |am )?(?:happy|glad|here) to|i (?:\w+ )?(?:hope|suggest|encourage|recommend|urge|"
    r"understand|appreciate)|i'm (?:happy|glad|here)|hello|thank you|that being said|with that said|could you|perhaps)"
)
SYMPATHY = re.compile(
    r"^\W*i(?:'m| am)? (?:\w+ ){0,2}(?:sorry|understand|can (?:see|understand|imagine)|apologi[sz]e|hear you)\b"
)

HARM = re.compile(
    r"\b(?:kill|hurt|harm|wound|deceiv|mislead|misled|libel|forger|fraud|crime|criminal|illegal|poison|panic|cheat|"
    r"stealing|victim|manipulat|betray|danger|scam|weapon|dishonest|cruel|abus|threat|exploit|fake|fabricat|lying)"
)
"""What speaks against a request."""

PROPOSAL = re.compile(
    r"\b(?:instead|rather|what i (?:can|could|would|will)|i(?:'d| would|'ll| can| could)? (?:gladly|happily|could|can "
    r"(?:help|show|suggest|offer|write|draft)|be (?:glad|happy))|happy to|ask me|how about|let's|and i'm (?:in|all)|"
    r"(?:want|shall|would you|need) [\w' ]{2,60}\?|(?:can|could|will|would) you (?:tell|say|talk)|are you safe)"
)
"""Something else than what was asked for is held out."""

FACTUAL = re.compile(
    r"\b(?:fictional|does not exist|do not exist|doesn't exist|not (?:a )?real|inanimate|mythical|made[- ]up|"
    r"imaginary)\b"
)
"""A decline because there is nothing to tell: that reason is itself an answer."""
