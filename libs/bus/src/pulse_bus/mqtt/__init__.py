"""The one door to aiomqtt: a typed bus over an MQTT 5 broker.

aiomqtt 2.5.1 acknowledges a message before the application sees it, discards the PUBACK's reason code and returns
refused subscriptions without raising. This package takes those three from paho (private attribute `_client`; both
packages are pinned exactly): manual acknowledgement after the handler, reason codes checked, ReceiveMaximum as
back-pressure.
"""

from pulse_bus.mqtt.bus import MqttBus
from pulse_bus.mqtt.sessions import create_session
from pulse_bus.mqtt.settings import NEVER, MqttSettings, Will

__all__ = ["NEVER", "MqttBus", "MqttSettings", "Will", "create_session"]
