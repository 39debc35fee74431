/** T(tx): the name of a topic at dispatchers that have topics. Without a namespace it begins with `_`. */
export function topicName(namespace: string, type: string): string {
  return `${namespace}_${type}`;
}

/**
 * The channel of a vehicle's records of one type (FT-RED-1). The braces are literal: a hash tag, so that the channel and
 * its set of subscribers are on one node of a cluster.
 */
export function vinChannel(namespace: string, type: string, vin: string): string {
  return `${topicName(namespace, type)}_{${vin}}`;
}

/** Key of the sorted set of those who want what goes to `channel` (FT-RED-2). */
export function subscriberSet(prefix: string, channel: string): string {
  return `${prefix}_${channel}`;
}
