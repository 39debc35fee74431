const LONGEST_TOPIC_BYTES = 65_535;

/** Control characters and Unicode's noncharacters, on which a broker may drop the connection (MQTT-1.5.3). */
const FORBIDDEN = /[\p{Cc}\p{Noncharacter_Code_Point}]/u;

/** Why a broker would drop the connection on a publication to `topic`, if it would. */
export function topicFault(topic: string): string | undefined {
  if (topic.length === 0) return 'the topic is empty';
  if (/[+#]/.test(topic)) return 'the topic has a wildcard';
  if (FORBIDDEN.test(topic)) return 'the topic has a control character or a noncharacter';
  if (topic.startsWith('$SYS/')) return 'topics below $SYS/ belong to the broker';
  if (Buffer.byteLength(topic) > LONGEST_TOPIC_BYTES) return `the topic is longer than ${LONGEST_TOPIC_BYTES} bytes`;
  return undefined;
}
