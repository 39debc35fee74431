import type { Measure, TextRole } from '../chart/text.js';

/** The same faces as in style.css; widths are measured in them before anything is drawn. */
const FACES: Readonly<Record<TextRole, string>> = {
  title: '600 13px',
  row: '400 11px',
  event: '600 11.5px',
  guard: 'italic 400 11px',
};

/** Measures text as the page sets it. */
export function textMeasure(): Measure {
  const context = document.createElement('canvas').getContext('2d');
  const family = getComputedStyle(document.body).fontFamily;
  return (text, role) => {
    if (context === null) return text.length * 7;
    context.font = `${FACES[role]} ${family}`;
    return context.measureText(text).width;
  };
}
