import { PageMessages } from "@/i18n/page-messages";
import type { Metadata } from "next";
import { DeviceScreen } from "./device-screen";

export async function generateMetadata({ params }: PageProps<"/devices/[device]">): Promise<Metadata> {
  return { title: nameOf((await params).device) };
}

export default async function DevicePage({ params }: PageProps<"/devices/[device]">) {
  return (
    <PageMessages of={["devices"]}>
      <DeviceScreen id={nameOf((await params).device)} />
    </PageMessages>
  );
}

/** The id in the address. An address may hold anything. */
function nameOf(segment: string): string {
  try {
    return decodeURIComponent(segment).slice(0, 64);
  } catch {
    return segment.slice(0, 64);
  }
}
