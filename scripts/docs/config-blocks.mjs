// Validates the examples of configuration in the documentation: fences such as ```yaml config.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderMistake } from '../../dist/src/config/mistake.js';
import { checkHubConfig, checkServerConfig, looksLikeServerConfig } from '../../dist/src/hub-config.js';

const BLOCK = /^```(yaml|json) config\n([\s\S]*?)^```/gm;

/** Every mistake in the blocks of these Markdown files. */
export function configBlockProblems(files) {
  const directory = mkdtempSync(join(tmpdir(), 'fleetchart-docs-'));
  try {
    return files.flatMap((file) => {
      const text = readFileSync(file, 'utf8');
      return [...text.matchAll(BLOCK)].flatMap(({ 1: language, 2: block, index }) => {
        const line = text.slice(0, index).split('\n').length;
        const copy = join(directory, `block.${language}`);
        writeFileSync(copy, block, { mode: 0o600 });
        return mistakesIn(copy).map((mistake) => `${file}:${line}: ${mistake.replaceAll(copy, 'block')}`);
      });
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function mistakesIn(file) {
  const input = { file, environment: {}, sets: [], assignments: [] };
  const { mistakes } = looksLikeServerConfig(file) ? checkServerConfig(input) : checkHubConfig(input);
  return mistakes.map((mistake) => renderMistake(mistake));
}
