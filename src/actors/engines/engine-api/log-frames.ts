import type { LogLine } from '../engine.js';

const HEADER_BYTES = 8;
const STDERR = 2;
/** A longer line comes in parts, bytes. */
const LONGEST_LINE = 64 * 1024;
const NEWLINE = 0x0a;

type Stream = LogLine['stream'];

/**
 * Lines from a container's log: frames with 8 bytes of header (stream, three zeros, length), or with a terminal its
 * bytes as they are. Frames and lines may be cut anywhere.
 */
export class LogFrames {
  private input: Buffer = Buffer.alloc(0);
  private readonly unfinished: Record<Stream, Buffer> = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };

  constructor(private readonly hasTerminal: boolean) {}

  push(chunk: Buffer): LogLine[] {
    if (this.hasTerminal) return this.lines('stdout', chunk);
    this.input = Buffer.concat([this.input, chunk]);
    const lines: LogLine[] = [];
    while (this.input.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + this.input.readUInt32BE(4);
      if (this.input.length < end) break;
      const stream = this.input[0] === STDERR ? 'stderr' : 'stdout';
      lines.push(...this.lines(stream, this.input.subarray(HEADER_BYTES, end)));
      this.input = this.input.subarray(end);
    }
    return lines;
  }

  /** What has no line end yet. */
  end(): LogLine[] {
    return (['stdout', 'stderr'] as const)
      .filter((stream) => this.unfinished[stream].length > 0)
      .map((stream) => lineOf(stream, this.unfinished[stream]));
  }

  private lines(stream: Stream, bytes: Buffer): LogLine[] {
    let rest = Buffer.concat([this.unfinished[stream], bytes]);
    const lines: LogLine[] = [];
    for (let end = rest.indexOf(NEWLINE); end >= 0 || rest.length > LONGEST_LINE; end = rest.indexOf(NEWLINE)) {
      const isPart = end < 0 || end > LONGEST_LINE;
      lines.push(lineOf(stream, rest.subarray(0, isPart ? LONGEST_LINE : end)));
      rest = rest.subarray(isPart ? LONGEST_LINE : end + 1);
    }
    this.unfinished[stream] = rest;
    return lines;
  }
}

const lineOf = (stream: Stream, bytes: Buffer): LogLine => ({
  stream,
  text: bytes.toString('utf8').replace(/\r$/, ''),
});
