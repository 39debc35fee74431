/** Parts of V8's profiles, as its inspector gives them, that are read here. */

export interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  /** From 0; -1 if there is none. */
  readonly lineNumber: number;
}

export interface V8CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: CallFrame;
    readonly children?: readonly number[];
  }[];
  /** Microseconds of a clock of its own. */
  readonly startTime: number;
  readonly endTime: number;
  /** Ids of the nodes that were found on top of the stack, one each interval. */
  readonly samples?: readonly number[];
  /** Microseconds from each sample to the one before. */
  readonly timeDeltas?: readonly number[];
}

export interface HeapNode {
  readonly callFrame: CallFrame;
  /** Bytes, estimated from the samples. */
  readonly selfSize: number;
  readonly children: readonly HeapNode[];
}

export interface V8HeapProfile {
  readonly head: HeapNode;
}
