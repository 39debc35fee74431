import type { ContainerUsageView } from '../vehicle-types.js';
import { byteWords, rateWords } from '../words.js';
import { tile } from './pills.js';
import { sparkline } from './sparkline.js';

/** Two minutes, at one sample in two seconds. */
const MOST_SAMPLES = 60;

/** What a container uses of the CPU and of the memory, and the course of both while it is looked at. */
export function containerUsage() {
  const cpu = usageTile('CPU', (now, peak) => `CPU: now ${rateWords(now)} %, at most ${rateWords(peak)} % of a core`);
  const memory = usageTile('Memory', (now, peak) => `Memory: now ${byteWords(now)}, at most ${byteWords(peak)}`);
  return {
    elements: [cpu.element, memory.element],
    update({ isRunning, cpuPercent, memoryBytes, memoryLimitBytes }: ContainerUsageView): void {
      const none = isRunning ? 'not told by the engine' : 'it does not run';
      if (cpuPercent === null) cpu.none(none);
      else cpu.add(cpuPercent, `${rateWords(cpuPercent)} %`, 'of one core', 10);
      const limit = memoryLimitBytes === null ? 'no limit' : `of ${byteWords(memoryLimitBytes)}`;
      if (memoryBytes === null) memory.none(none);
      else memory.add(memoryBytes, byteWords(memoryBytes), limit, memoryLimitBytes ?? memoryBytes * 2);
    },
  };
}

function usageTile(label: string, describe: (now: number, peak: number) => string) {
  const { element, update } = tile(label);
  const curve = sparkline(describe);
  element.append(curve.element);
  element.classList.add('tile-wide');
  let samples: readonly number[] = [];
  return {
    element,
    add(value: number, figure: string, note: string, least: number): void {
      samples = [...samples, value].slice(-MOST_SAMPLES);
      update(figure, note);
      curve.update(samples, least);
    },
    none(note: string): void {
      samples = [];
      update('–', note);
      curve.update(samples);
    },
  };
}
