/** Topics of the local, Hono-style side of a cloud connector (spec 9.1, 9.2). */
export const HONO = {
  event: 'e',
  requests: 'command///req/#',
  thingRequest: 'edge/thing/request',
  thingResponse: 'edge/thing/response',
} as const;

/** The id to answer to, empty unless the topic has exactly the documented form. */
export const requestIdOf = (topic: string): string => /^command\/\/\/req\/([^/]+)\/[^/]+$/.exec(topic)?.[1] ?? '';

export const responseTopic = (requestId: string, status: number): string => `command///res/${requestId}/${status}`;
