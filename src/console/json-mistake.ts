/** Where a text stops being JSON, and what should be there instead: engines say it each in their own way, or not at all. */
export interface JsonMistake {
  readonly at: number;
  readonly expected: string;
}

const SPACE = /[ \t\n\r]*/y;
/** A text; a number or a word; a mark. */
const TOKEN =
  /("(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)\b)|([[\]{}:,])/y;

type Expecting = 'value' | 'value or ]' | 'name' | 'name or }' | ':' | ', or ]' | ', or }' | 'end';

const WORDS: Readonly<Record<Expecting, string>> = {
  value: 'a value is expected',
  'value or ]': 'a value or ] is expected',
  name: 'a name in quotes is expected',
  'name or }': 'a name in quotes or } is expected',
  ':': 'a colon is expected',
  ', or ]': 'a comma or ] is expected',
  ', or }': 'a comma or } is expected',
  end: 'nothing more is expected',
};

/** The first mistake; undefined in JSON. */
export function jsonMistake(text: string): JsonMistake | undefined {
  const open: ('[' | '{')[] = [];
  let expecting: Expecting = 'value';
  let at = 0;
  const after = (): Expecting => (open.length === 0 ? 'end' : open.at(-1) === '[' ? ', or ]' : ', or }');
  for (;;) {
    SPACE.lastIndex = at;
    SPACE.exec(text);
    const start = SPACE.lastIndex;
    if (start >= text.length && expecting === 'end') return undefined;
    TOKEN.lastIndex = start;
    const found = TOKEN.exec(text);
    const next: Expecting | undefined = found ? step(expecting, found, open, after) : undefined;
    if (!next) return { at: start, expected: WORDS[expecting] };
    expecting = next;
    at = TOKEN.lastIndex;
  }
}

/** What is expected after a token; undefined: not this one. */
function step(
  expecting: Expecting,
  [, text, other, mark]: RegExpExecArray,
  open: ('[' | '{')[],
  after: () => Expecting,
): Expecting | undefined {
  const isClosing = mark === ']' || mark === '}';
  if (isClosing && mark !== undefined && expecting.endsWith(`or ${mark}`)) {
    open.pop();
    return after();
  }
  switch (expecting) {
    case 'value':
    case 'value or ]':
      if (text !== undefined || other !== undefined) return after();
      if (mark !== '[' && mark !== '{') return undefined;
      open.push(mark);
      return mark === '[' ? 'value or ]' : 'name or }';
    case 'name':
    case 'name or }':
      return text === undefined ? undefined : ':';
    case ':':
      return mark === ':' ? 'value' : undefined;
    case ', or ]':
      return mark === ',' ? 'value' : undefined;
    case ', or }':
      return mark === ',' ? 'name' : undefined;
    case 'end':
      return undefined;
  }
}
