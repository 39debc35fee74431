import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { until } from './until.js';

const PYTHONS = ['python3', '/usr/bin/python3'];

function pythonWithZmq(): string | undefined {
  return PYTHONS.find((python) => spawnSync(python, ['-c', 'import zmq']).status === 0);
}

/** Why tests with a real subscriber cannot run here; false if they can. For the `skip` option of a test. */
export function withoutPythonZmq(): string | false {
  return pythonWithZmq() === undefined && 'not installed: python3-zmq (apt-get install python3-zmq)';
}

/** Prints a line of JSON for each message and each event of the connection; reads on `read`, and not on `hold`. */
const SCRIPT = `
import json, sys, threading, zmq
from zmq.utils.monitor import recv_monitor_message
o = json.loads(sys.argv[1])
context = zmq.Context()
socket = context.socket(zmq.SUB)
socket.setsockopt(zmq.RECONNECT_IVL, 20)
socket.setsockopt(zmq.LINGER, 0)
if 'receiveHighWaterMark' in o: socket.setsockopt(zmq.RCVHWM, o['receiveHighWaterMark'])
if 'receiveBuffer' in o: socket.setsockopt(zmq.RCVBUF, o['receiveBuffer'])
if 'curve' in o:
    socket.curve_serverkey = o['curve']['server'].encode()
    socket.curve_publickey = o['curve']['public'].encode()
    socket.curve_secretkey = o['curve']['secret'].encode()
lock = threading.Lock()
def say(what):
    with lock:
        print(json.dumps(what), flush=True)
monitor = socket.get_monitor_socket()
names = {value: name for name, value in zmq.constants.Event.__members__.items()} if hasattr(zmq.constants, 'Event') else {}
def watch():
    while True:
        event = recv_monitor_message(monitor)
        say({'event': str(zmq.Event(event['event']).name), 'value': event['value']})
threading.Thread(target=watch, daemon=True).start()
for topic in o['topics']: socket.setsockopt(zmq.SUBSCRIBE, topic.encode())
socket.connect(o['address'])
control = context.socket(zmq.PAIR)
control.bind('inproc://control')
def listen():
    sender = context.socket(zmq.PAIR)
    sender.connect('inproc://control')
    for line in sys.stdin: sender.send_string(line.strip())
    sender.send_string('quit')
threading.Thread(target=listen, daemon=True).start()
poller = zmq.Poller()
poller.register(control, zmq.POLLIN)
reading = o.get('reading', True)
if reading: poller.register(socket, zmq.POLLIN)
say({'event': 'READY'})
while True:
    ready = dict(poller.poll())
    if control in ready:
        word = control.recv_string()
        if word == 'quit': break
        if word == 'read' and not reading: poller.register(socket, zmq.POLLIN)
        if word == 'hold' and reading: poller.unregister(socket)
        reading = word == 'read'
        say({'event': word})
    elif socket in ready:
        frames = socket.recv_multipart()
        say({'frames': [frame.hex() for frame in frames]})
sys.stdout.flush()
import os
os._exit(0)
`;

export interface SubscriberOptions {
  readonly address: string;
  /** Beginnings of topics. @default everything */
  readonly topics?: readonly string[];
  readonly curve?: { readonly server: string; readonly public: string; readonly secret: string };
  readonly receiveHighWaterMark?: number;
  readonly receiveBuffer?: number;
  /** @default true */
  readonly reading?: boolean;
}

/** A subscriber of Debian's ZeroMQ, in a process of its own. */
export class ZmqSubscriber {
  readonly messages: { readonly topic: string; readonly body: Buffer; readonly frames: number }[] = [];
  /** Of its connection, in capitals, and the commands it has obeyed. */
  readonly events: string[] = [];
  private readonly complaints: string[] = [];

  private constructor(private readonly process: ChildProcess) {
    const { stdout, stderr } = process;
    assert.ok(stdout && stderr);
    stderr.on('data', (text: Buffer) => this.complaints.push(text.toString()));
    createInterface({ input: stdout }).on('line', (line) => {
      const { event, frames } = JSON.parse(line) as { event?: string; frames?: string[] };
      if (event) this.events.push(event);
      else if (frames) {
        const [topic = Buffer.alloc(0), body = Buffer.alloc(0)] = frames.map((hex) => Buffer.from(hex, 'hex'));
        this.messages.push({ topic: topic.toString(), body, frames: frames.length });
      }
    });
  }

  /** Resolves when it has begun to connect. */
  static async start(t: TestContext, options: SubscriberOptions): Promise<ZmqSubscriber> {
    const python = pythonWithZmq();
    assert.ok(python);
    const process = spawn(python, ['-c', SCRIPT, JSON.stringify({ topics: [''], ...options })]);
    const subscriber = new ZmqSubscriber(process);
    t.after(() => subscriber.kill());
    await subscriber.had('READY');
    return subscriber;
  }

  async had(event: string): Promise<void> {
    await until(() => {
      assert.equal(this.process.exitCode, null, `the subscriber ended: ${this.complaints.join('')}`);
      return this.events.includes(event);
    }, `the event ${event} of the subscriber`);
  }

  /** `read` takes messages, `hold` leaves them where they are. */
  async command(word: 'read' | 'hold'): Promise<void> {
    this.process.stdin?.write(`${word}\n`);
    await this.had(word);
  }

  /** kill -9. */
  async kill(): Promise<void> {
    const { process } = this;
    if (process.exitCode !== null || process.signalCode !== null) return;
    const exited = new Promise((resolve) => process.once('exit', resolve));
    process.kill('SIGKILL');
    await exited;
  }

  /** The numbers of the sample records in the order they came. */
  get numbers(): number[] {
    return this.messages.map(({ body }) => {
      const { txid } = JSON.parse(body.toString()) as { txid: string };
      return Number(txid.slice('tx-'.length));
    });
  }
}
