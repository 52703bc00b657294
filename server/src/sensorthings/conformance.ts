/** The requirement classes that the landing page claims: each only because a test of test/conformance shows it. */
const PREFIX = 'http://www.opengis.net/spec/iot_sensing/1.1/req';

export const CONFORMANCE: readonly string[] = [
  `${PREFIX}/datamodel`,
  `${PREFIX}/resource-path/resource-path-to-entities`,
  `${PREFIX}/request-data`,
];
