/** Names every test that was skipped and why, and fails the run on a skip where AUSPEX_FORBID_SKIPS is set (CI installs everything). */
export default class SkippedReporter {
  onTestRunEnd(modules) {
    const skipped = [];
    let passed = 0;
    let failed = 0;
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const state = test.result().state;
        if (state === 'passed') passed++;
        else if (state === 'failed') failed++;
        else skipped.push(`${module.moduleId.replace(`${process.cwd()}/`, '')}: ${test.fullName}`);
      }
    }
    if (skipped.length > 0)
      process.stderr.write(
        `\nSkipped (what they need is not installed here):\n${skipped.map((line) => `  ${line}\n`).join('')}`,
      );
    process.stdout.write(`\n${passed} passed, ${failed} failed, ${skipped.length} skipped\n`);
    if (skipped.length > 0 && process.env.AUSPEX_FORBID_SKIPS) {
      process.stderr.write('A skip is a failure here (AUSPEX_FORBID_SKIPS).\n');
      process.exitCode = 1;
    }
  }
}
