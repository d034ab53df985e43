/** When two needs of one enterprise are the same one. */

export interface NamedProject { readonly project_code: string | null, readonly project_name: string | null }

/** What two spellings of one name have in common. */
export function spellingKey (text: string): string {
  return text.normalize('NFKC').replace(/[\s\u200b-\u200f\u2060\ufeff]+/gu, '').toUpperCase()
}

/**
 * The same project: by code where both have one, else by name; two needs that name no project cannot be told apart.
 *
 * Source: contract §4; domain §5.4.
 */
export function sameProject (a: NamedProject, b: NamedProject): boolean {
  if (a.project_code !== null && b.project_code !== null) return a.project_code === b.project_code
  if (a.project_name !== null && b.project_name !== null) return spellingKey(a.project_name) === spellingKey(b.project_name)
  return a.project_code === null && a.project_name === null && b.project_code === null && b.project_name === null
}

/** Unique among open needs: the belt under `sameProject`. */
export function openKeyOf (uscc: string, { project_code, project_name }: NamedProject): string {
  return `${uscc}|${project_code ?? (project_name === null ? '-' : `name:${spellingKey(project_name)}`)}`
}
