import { query } from '../support/database';
import { expect, expectAccessible, expectNoSidewaysScroll, test } from '../support/fixtures';
import { atNow, NOW, open, shows, startsWith, withScripts } from '../support/steps';
import { texts } from '../support/texts';

const t = texts('en');
const NOTE = 'Given back at the provider.';
test.beforeEach(atNow);

test('a difference is closed by hand, and opened again', { tag: ['@phone', '@plain'] }, async ({ server, person, watch }) => {
  watch.allow(/status of 4(00|09)/);
  // The server's own comparison of the day is behind us.
  await server.tick();
  const id = `txn_${Date.now()}`;
  // A payment that the provider told of and the ledger does not have.
  await query(
    server.database,
    `INSERT INTO provider_lines (id, kind, reference, amount_minor, fee_minor, currency, fee_currency, created_at)
     VALUES ($1, 'payment', $1, 1700, 0, 'EUR', 'EUR', $2::timestamptz - interval '5 hours')`,
    [id, NOW],
  );
  // Whatever was compared before, and under whichever clock: the next comparison judges the hours around it.
  const before = `UPDATE reconciliations SET judged_until = $1::timestamptz - interval '6 hours', newest = NULL`;
  await query(server.database, before, [NOW]);
  const [page, other] = [await person('admin'), await person('admin')];
  await open(page, '/admin/reconciliation');
  const begun = page.waitForResponse((answer) => new URL(answer.url()).pathname === '/do/reconcile');
  await page.getByRole('button', { name: t('reconciliation.run_now') }).click();
  await begun;
  const row = page.getByRole('row').filter({ hasText: id });
  await server.tick();
  await shows(page, row);
  await open(other, '/admin/reconciliation');
  const seen = other.getByRole('row').filter({ hasText: id });
  await expect(seen).toBeVisible();
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);

  // The question says what follows, and wants a note.
  await row.getByRole('link', { name: startsWith(t('reconciliation.close')) }).click();
  const dialog = page.getByRole('dialog', { name: t('reconciliation.close_title') });
  if (withScripts()) {
    // It came with the page, and is in front of it: nothing behind is reached, and Escape leads back.
    await expect(page.locator('dialog:modal')).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(page).not.toHaveURL(/close=/);
    await expect(dialog).toHaveCount(0);
    await row.getByRole('link', { name: startsWith(t('reconciliation.close')) }).click();
  }
  await expect(dialog).toContainText('€17.00');
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);
  const note = dialog.getByRole('textbox', { name: startsWith(t('reconciliation.close_note')) });
  const close = dialog.getByRole('button', { name: t('reconciliation.close') });
  await note.fill(' ');
  await close.click();
  await expect(dialog.getByText(t('error.case_note')).first()).toBeVisible();
  await note.fill(NOTE);
  await close.click();
  await expect(dialog).toHaveCount(0);
  await expect(row).toHaveCount(0);
  if (!withScripts()) await other.reload();
  await expect(seen, 'the other admin sees it go').toHaveCount(0);

  // Who closed it and why stands under "closed", where the other one opens it again.
  await other.getByRole('link', { name: startsWith(t('reconciliation.closed')) }).click();
  await expect(seen).toContainText(NOTE);
  await expectNoSidewaysScroll(other);
  await expectAccessible(other);
  await seen.getByRole('button', { name: startsWith(t('reconciliation.open_again')) }).click();
  await expect(other.getByText(t('site.saved'))).toBeVisible();
  await shows(page, row);
  await expect(row).toContainText(NOTE);
});
