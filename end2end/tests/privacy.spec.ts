import { readFile } from 'node:fs/promises';
import { inflateRawSync } from 'node:zlib';
import type { Page } from '@playwright/test';
import { expect, expectAccessible, expectNoSidewaysScroll, test } from '../support/fixtures';
import { newStudent } from '../support/people';
import { atNow, open, withScripts } from '../support/steps';
import { texts } from '../support/texts';

const t = texts('en');
test.beforeEach(atNow);

/** The files of an archive by their names, as its central directory has them. */
function unpacked(archive: Buffer): Map<string, Buffer> {
  const end = archive.lastIndexOf(Buffer.from('PK\u0005\u0006', 'latin1'));
  const files = new Map<string, Buffer>();
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [method, size] = [archive.readUInt16LE(at + 10), archive.readUInt32LE(at + 20)];
    const [named, extra, said] = [28, 30, 32].map((place) => archive.readUInt16LE(at + place)) as [number, number, number];
    const local = archive.readUInt32LE(at + 42);
    const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    const content = archive.subarray(start, start + size);
    files.set(archive.toString('utf8', at + 46, at + 46 + named), method === 8 ? inflateRawSync(content) : content);
    at += 46 + named + extra + said;
  }
  return files;
}

/** Waits until the page shows it: by itself, or without scripts when loaded again. */
const ready = (page: Page): Promise<void> =>
  expect(async () => {
    if (!withScripts()) await page.reload();
    await expect(page.locator('#your-data').getByText(t('privacy.ready'), { exact: true })).toBeVisible({ timeout: 5_000 });
  }).toPass({ timeout: 60_000 });

test('one asks for a copy of one’s data, is told of it and downloads it @phone @plain', async ({ server, person }) => {
  const student = await newStudent(server);
  const page = await person(student);
  await open(page, '/settings');
  const section = page.locator('#your-data');
  await section.getByRole('button', { name: t('privacy.ask') }).click();
  await page.waitForURL(/#your-data$/);
  await ready(page);
  await expectAccessible(page);
  await expectNoSidewaysScroll(page);

  const link = section.getByRole('link', { name: /^Download/ });
  const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
  expect(download.suggestedFilename()).toBe('lectern-data.zip');
  const files = unpacked(await readFile(await download.path()));
  expect([...files.keys()]).toContain('README.txt');
  const account = JSON.parse(files.get('account.json')?.toString('utf8') ?? '{}') as { email?: string };
  expect(account.email).toBe(student.email);

  await open(page, '/notices');
  await page.getByRole('button', { name: new RegExp(t('notices.export_ready')) }).click();
  await page.waitForURL(/\/settings#your-data$/);
  await expect(section.getByText(t('privacy.ready'), { exact: true })).toBeVisible();
});
