import { kafkaSuite } from './kafka-suite.js';

kafkaSuite('kafka-4');
