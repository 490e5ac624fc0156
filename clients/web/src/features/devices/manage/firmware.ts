// Settings of common firmware for a plain device, ready to copy. The guide about plain devices explains them.
import { pageTexts } from "@/i18n/page-texts";
import type { PlainCredentials } from "@/contracts/http";

export type FirmwareSettings = { readonly name: string; readonly text: string };

/** `password` is in the text, so show it once only. */
export function firmwareSettings(device: PlainCredentials): FirmwareSettings[] {
  const { host, port, username, password, topic } = device;
  const client = device.client_id ?? username;
  const t = pageTexts("devices");
  const small = device.tls12_port ?? port;
  return [
    {
      name: t("anyClient"),
      text: [
        `${t("mqtt.host")}: ${host}`,
        `${t("mqtt.port")}: ${port} (TLS 1.3)`,
        ...(device.tls12_port ? [`${t("mqtt.port")}: ${device.tls12_port} (TLS 1.2)`] : []),
        `${t("mqtt.client")}: ${device.client_id ?? t("mqtt.anyId")}`,
        `${t("mqtt.user")}: ${username}`,
        `${t("mqtt.password")}: ${password}`,
        `${t("mqtt.topic")}: ${topic}`,
        "QoS: 1",
      ].join("\n"),
    },
    {
      name: "mosquitto_pub",
      text:
        `mosquitto_pub -h ${host} -p ${port} --cafile ca.pem -i ${client} -u ${username} -P ${password} -q 1 -V mqttv5 \\\n` +
        `  -t ${topic} -m '{"temperature": 21.5}'`,
    },
    {
      name: "Tasmota",
      text: [
        `Backlog MqttHost ${host}; MqttPort ${small}; MqttClient ${client}; MqttUser ${username}; MqttPassword ${password}`,
        `Rule1 ON Tele-SENSOR DO Publish2 ${topic} %value% ENDON`,
        "Rule1 1",
      ].join("\n"),
    },
    {
      name: "ESPHome",
      text: [
        "mqtt:",
        `  broker: ${host}`,
        `  port: ${small}`,
        `  client_id: ${client}`,
        `  username: ${username}`,
        `  password: ${password}`,
        "  certificate_authority: !secret pulse_ca",
        "  discovery: false",
        "interval:",
        "  - interval: 10s",
        "    then:",
        "      - mqtt.publish_json:",
        `          topic: ${topic}`,
        "          qos: 1",
        "          payload: |-",
        '            root["temperature"] = id(temperature).state;',
      ].join("\n"),
    },
  ];
}
