/** Names the tests that failed and then passed: a second try keeps a build going, but must not keep a fault quiet. */
export default class FlakyReporter {
  /** @param {import('vitest/node').TestCase} testCase */
  onTestCaseResult(testCase) {
    const { flaky, retryCount } = testCase.diagnostic() ?? {};
    if (!flaky) return;
    const [error] = testCase.result().errors ?? [];
    console.log(
      `UNSTEADY, passed at try ${retryCount + 1}: ${testCase.module.relativeModuleId} > ${testCase.fullName}`,
    );
    if (error) console.log(`  ${error.message?.split('\n')[0]}`);
  }
}
