// Fetches Apache Kafka and its tools, one of each line that the dispatcher is tested against, for the interoperation and
// crash tests: `node scripts/fetch-kafka.mjs [DIRECTORY]`. They look in FLEETCHART_TEST_KAFKA, or where this puts it
// without a directory. Needs Maven; what is there already is kept.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Folder → version. The second line is the newest whose brokers run on Java 17. */
const VERSIONS = { 'kafka-3': '3.9.1', 'kafka-4': '4.1.0' };

const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
const target = resolve(process.argv[2] ?? process.env.FLEETCHART_TEST_KAFKA ?? join(cache, 'fleetchart', 'kafka'));

for (const [folder, version] of Object.entries(VERSIONS)) {
  const place = join(target, folder, version);
  // Without the tools it is from before they were needed.
  if (existsSync(join(place, `kafka-tools-${version}.jar`))) continue;
  console.log(`Apache Kafka ${version} into ${place}`);
  fetchInto(place, version);
}

/** Whole or not at all. */
function fetchInto(place, version) {
  const work = mkdtempSync(join(tmpdir(), 'fleetchart-kafka-'));
  try {
    writeFileSync(join(work, 'pom.xml'), pom(version));
    const args = ['-q', '-B', 'dependency:copy-dependencies', '-DincludeScope=runtime', '-DoutputDirectory=jars'];
    const { status, error } = spawnSync('mvn', args, { cwd: work, stdio: 'inherit' });
    if (error || status !== 0) throw error ?? new Error(`mvn ended with ${status}`);
    mkdirSync(join(place, '..'), { recursive: true });
    const beside = `${place}.part`;
    rmSync(beside, { recursive: true, force: true });
    cpSync(join(work, 'jars'), beside, { recursive: true });
    rmSync(place, { recursive: true, force: true });
    renameSync(beside, place);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The tools run with what the broker needs; the rest of their dependencies is for Kafka Connect. */
function pom(version) {
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>fleetchart</groupId>
  <artifactId>test-kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>${version}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka-tools</artifactId>
      <version>${version}</version>
      <exclusions>
        <exclusion>
          <groupId>*</groupId>
          <artifactId>*</artifactId>
        </exclusion>
      </exclusions>
    </dependency>
  </dependencies>
</project>
`;
}
