import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { VehicleOrder } from './killed-vehicle.js';

export type VehicleProcess = ChildProcessByStdio<Writable, Readable, null>;

const CHILD = fileURLToPath(new URL('vehicle-kill-child.js', import.meta.url));

/** One that has its program, and waits for what it is to be. */
let next: VehicleProcess | undefined;

/** A process becomes the vehicle of an order. */
export function takeProcess(order: VehicleOrder): VehicleProcess {
  const taken = next ?? load();
  next = undefined;
  hold(taken, true);
  taken.stdin.write(`${JSON.stringify(order)}\n`);
  return taken;
}

/** Most of a start is loading the program: the next one does that while this one works. */
export function loadNext(): void {
  if (next) return;
  next = load();
  hold(next, false);
}

function load(): VehicleProcess {
  const process_ = spawn(process.execPath, [CHILD], { stdio: ['pipe', 'pipe', 'inherit'] });
  process_.stdin.on('error', () => {});
  process_.once('exit', () => {
    if (next === process_) next = undefined;
  });
  return process_;
}

/** Whether it keeps this process from its end, with which it ends too. */
function hold(process_: VehicleProcess, isHeld: boolean): void {
  // Pipes to a process are sockets.
  for (const each of [process_, process_.stdin as unknown as Socket, process_.stdout as unknown as Socket]) {
    if (isHeld) each.ref();
    else each.unref();
  }
}
