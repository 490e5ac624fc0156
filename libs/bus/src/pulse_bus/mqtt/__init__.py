"""A typed bus over an MQTT 5 broker. No other package imports aiomqtt.

aiomqtt 2.5.1 acknowledges a message before the application gets it, discards the reason code of PUBACK, and does not
raise for a refused subscription. This package therefore uses the paho client below it, through the private attribute
`_client`. Both packages are pinned to exact versions. With paho it acknowledges after the handler, checks the reason
codes, and uses ReceiveMaximum as back-pressure.
"""

from pulse_bus.mqtt.bus import MqttBus
from pulse_bus.mqtt.peer import PeerCertificate, peer_certificate
from pulse_bus.mqtt.sessions import create_session
from pulse_bus.mqtt.settings import NEVER, MqttSettings, Will

__all__ = ["NEVER", "MqttBus", "MqttSettings", "PeerCertificate", "Will", "create_session", "peer_certificate"]
