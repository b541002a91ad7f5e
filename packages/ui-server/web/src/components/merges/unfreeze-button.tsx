import { OrderButton } from "./order-dialog.tsx";

/** Lets a merge that a check has frozen publish again. */
export function UnfreezeButton({ merge }: { readonly merge: string }) {
  return (
    <OrderButton
      label="Unfreeze"
      buttonLabel={`Unfreeze ${merge}`}
      title={`Let ${merge} publish again`}
      explanation="Find out first why the check failed: watersmeet verify names the keys, and Explain shows what was said of each."
      path={`/merges/${encodeURIComponent(merge)}/unfreeze`}
      body={{}}
    />
  );
}
