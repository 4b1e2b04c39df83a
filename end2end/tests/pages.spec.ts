import { expect, expectAccessible, expectNoSidewaysScroll, hydrated, signIn, test } from '../support/fixtures';
import { mainPages } from '../support/pages';

for (const { name, path, who } of mainPages) {
  test(`${name} opens, fits and is accessible`, { tag: ['@phone', '@plain'] }, async ({ page, watch }) => {
    if (who) await signIn(page, who);
    if (name === 'not-found') watch.allow(/status of 404/);
    const answer = await page.goto(await path(page));
    expect(answer?.status()).toBe(name === 'not-found' ? 404 : 200);
    await hydrated(page);
    await expect(page.locator('h1')).toHaveCount(1);
    await expect(page).toHaveTitle(/\S/);
    await expectNoSidewaysScroll(page);
    await expectAccessible(page);
  });
}
