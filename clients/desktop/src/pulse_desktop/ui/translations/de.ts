<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de_DE" sourcelanguage="en">
<context>
    <name>window</name>
    <message>
        <source>1 h</source>
        <translation>1 h</translation>
    </message>
    <message>
        <source>1 min</source>
        <translation>1 min</translation>
    </message>
    <message>
        <source>24 h</source>
        <translation>24 h</translation>
    </message>
    <message>
        <source>5 min</source>
        <translation>5 min</translation>
    </message>
    <message>
        <source>AGE</source>
        <translation>ALTER</translation>
    </message>
    <message>
        <source>Acknowledged</source>
        <translation>Bestätigt</translation>
    </message>
    <message>
        <source>All older readings delivered</source>
        <translation>Alle älteren Messwerte geliefert</translation>
    </message>
    <message>
        <source>All running</source>
        <translation>Alle laufen</translation>
    </message>
    <message>
        <source>Attached to the service</source>
        <translation>Mit dem Dienst verbunden</translation>
    </message>
    <message>
        <source>BATCH</source>
        <translation>PAKET</translation>
    </message>
    <message>
        <source>Backlog</source>
        <translation>Rückstand</translation>
    </message>
    <message>
        <source>Buffer</source>
        <translation>Puffer</translation>
    </message>
    <message>
        <source>Buffer depth</source>
        <translation>Inhalt des Puffers</translation>
    </message>
    <message>
        <source>Buffered locally</source>
        <translation>Hier gepuffert</translation>
    </message>
    <message>
        <source>Clock suspect: nobody signs in offline</source>
        <translation>Uhr zweifelhaft: Anmeldung nur mit Netz</translation>
    </message>
    <message>
        <source>Collecting</source>
        <translation>Erfasst</translation>
    </message>
    <message>
        <source>Collecting in this window</source>
        <translation>Erfasst in diesem Fenster</translation>
    </message>
    <message>
        <source>Collector</source>
        <translation>Kollektor</translation>
    </message>
    <message>
        <source>Confirmed {age} ago</source>
        <translation>Bestätigt vor {age}</translation>
    </message>
    <message>
        <source>Connected</source>
        <translation>Verbunden</translation>
    </message>
    <message>
        <source>Connected · replaying</source>
        <translation>Verbunden · sendet nach</translation>
    </message>
    <message>
        <source>Connecting</source>
        <translation>Verbindet</translation>
    </message>
    <message>
        <source>Credential mirror</source>
        <translation>Konten auf diesem Gerät</translation>
    </message>
    <message>
        <source>Dashboard</source>
        <translation>Übersicht</translation>
    </message>
    <message>
        <source>Decimal number</source>
        <translation>Dezimalzahl</translation>
    </message>
    <message>
        <source>Everything is delivered</source>
        <translation>Alles ist geliefert</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>Gestört</translation>
    </message>
    <message>
        <source>Fault</source>
        <translation>Störung</translation>
    </message>
    <message>
        <source>Full</source>
        <translation>Voll</translation>
    </message>
    <message>
        <source>Full in {left}. Reconnect, or free disk space</source>
        <translation>Voll in {left}. Verbinden Sie neu, oder schaffen Sie Platz</translation>
    </message>
    <message>
        <source>In flight</source>
        <translation>Unterwegs</translation>
    </message>
    <message>
        <source>LANE</source>
        <translation>SPUR</translation>
    </message>
    <message>
        <source>Last value {age} ago</source>
        <translation>Letzter Wert vor {age}</translation>
    </message>
    <message>
        <source>Live</source>
        <translation>Live</translation>
    </message>
    <message>
        <source>Live readings only</source>
        <translation>Nur Live-Messwerte</translation>
    </message>
    <message>
        <source>MONITOR</source>
        <translation>BEOBACHTEN</translation>
    </message>
    <message>
        <source>Nearly full</source>
        <translation>Fast voll</translation>
    </message>
    <message>
        <source>Never confirmed by the server</source>
        <translation>Vom Server nie bestätigt</translation>
    </message>
    <message>
        <source>No answer</source>
        <translation>Keine Antwort</translation>
    </message>
    <message>
        <source>No backlog</source>
        <translation>Kein Rückstand</translation>
    </message>
    <message>
        <source>No batch was sent since the start</source>
        <translation>Seit dem Start wurde kein Paket gesendet</translation>
    </message>
    <message>
        <source>No limit</source>
        <translation>Keine Grenze</translation>
    </message>
    <message>
        <source>No reading</source>
        <translation>Kein Messwert</translation>
    </message>
    <message>
        <source>No series matches</source>
        <translation>Keine Messreihe passt</translation>
    </message>
    <message>
        <source>No series yet</source>
        <translation>Noch keine Messreihen</translation>
    </message>
    <message>
        <source>No series yet. Charts appear with the first reading</source>
        <translation>Noch keine Messreihen. Diagramme erscheinen mit dem ersten Messwert</translation>
    </message>
    <message>
        <source>No source is configured</source>
        <translation>Keine Quelle ist eingerichtet</translation>
    </message>
    <message>
        <source>None</source>
        <translation>Keiner</translation>
    </message>
    <message>
        <source>Nothing was read yet</source>
        <translation>Noch nichts gemessen</translation>
    </message>
    <message>
        <source>Offline</source>
        <translation>Offline</translation>
    </message>
    <message>
        <source>Old readings wait until the replay is resumed. Live readings are delivered</source>
        <translation>Alte Messwerte warten, bis das Nachsenden fortgesetzt wird. Live-Messwerte werden geliefert</translation>
    </message>
    <message>
        <source>Oldest unsent</source>
        <translation>Ältester ungesendeter</translation>
    </message>
    <message>
        <source>On disk</source>
        <translation>Auf der Platte</translation>
    </message>
    <message>
        <source>On or off</source>
        <translation>An oder aus</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>Anhalten</translation>
    </message>
    <message>
        <source>Pause replay</source>
        <translation>Nachsenden anhalten</translation>
    </message>
    <message>
        <source>PrecisionPulse</source>
        <translation>PrecisionPulse</translation>
    </message>
    <message>
        <source>PrecisionPulse collector</source>
        <translation>PrecisionPulse-Kollektor</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>Beenden</translation>
    </message>
    <message>
        <source>RATE</source>
        <translation>RATE</translation>
    </message>
    <message>
        <source>READINGS</source>
        <translation>MESSWERTE</translation>
    </message>
    <message>
        <source>Range</source>
        <translation>Zeitraum</translation>
    </message>
    <message>
        <source>Rate limit</source>
        <translation>Grenze</translation>
    </message>
    <message>
        <source>Rate limit of the replay</source>
        <translation>Grenze des Nachsendens</translation>
    </message>
    <message>
        <source>Readings are delivered as they come</source>
        <translation>Messwerte werden sofort geliefert</translation>
    </message>
    <message>
        <source>Readings are kept on this disk and delivered when the broker answers</source>
        <translation>Messwerte bleiben auf dieser Platte und werden geliefert, wenn der Broker antwortet</translation>
    </message>
    <message>
        <source>Readings are kept on this disk until the broker answers</source>
        <translation>Messwerte bleiben auf dieser Platte, bis der Broker antwortet</translation>
    </message>
    <message>
        <source>Readings kept while the broker was unreachable are being replayed in order</source>
        <translation>Messwerte aus der Zeit ohne Broker werden der Reihe nach nachgesendet</translation>
    </message>
    <message>
        <source>Readings per second</source>
        <translation>Messwerte je Sekunde</translation>
    </message>
    <message>
        <source>Readings wait on this disk</source>
        <translation>Messwerte warten auf dieser Platte</translation>
    </message>
    <message>
        <source>Recent batches</source>
        <translation>Neueste Pakete</translation>
    </message>
    <message>
        <source>Refused</source>
        <translation>Abgewiesen</translation>
    </message>
    <message>
        <source>Refused by the broker</source>
        <translation>Vom Broker abgewiesen</translation>
    </message>
    <message>
        <source>Replay paused</source>
        <translation>Nachsenden angehalten</translation>
    </message>
    <message>
        <source>Replay paused · {count} wait</source>
        <translation>Nachsenden angehalten · {count} warten</translation>
    </message>
    <message>
        <source>Replaying offline buffer</source>
        <translation>Puffer wird nachgesendet</translation>
    </message>
    <message>
        <source>Replaying {share}</source>
        <translation>Sendet nach: {share}</translation>
    </message>
    <message>
        <source>Resume</source>
        <translation>Fortsetzen</translation>
    </message>
    <message>
        <source>Resume replay</source>
        <translation>Nachsenden fortsetzen</translation>
    </message>
    <message>
        <source>SENT</source>
        <translation>GESENDET</translation>
    </message>
    <message>
        <source>SERIES</source>
        <translation>MESSREIHE</translation>
    </message>
    <message>
        <source>SINCE</source>
        <translation>SEIT</translation>
    </message>
    <message>
        <source>SOURCE</source>
        <translation>QUELLE</translation>
    </message>
    <message>
        <source>STATE</source>
        <translation>ZUSTAND</translation>
    </message>
    <message>
        <source>Search series</source>
        <translation>Messreihen suchen</translation>
    </message>
    <message>
        <source>Series</source>
        <translation>Messreihen</translation>
    </message>
    <message>
        <source>Series and their newest values</source>
        <translation>Messreihen und ihre neuesten Werte</translation>
    </message>
    <message>
        <source>Settled since the start</source>
        <translation>Erledigt seit dem Start</translation>
    </message>
    <message>
        <source>Show the window</source>
        <translation>Fenster zeigen</translation>
    </message>
    <message>
        <source>Since {time}</source>
        <translation>Seit {time}</translation>
    </message>
    <message>
        <source>Sources</source>
        <translation>Quellen</translation>
    </message>
    <message>
        <source>Sources running</source>
        <translation>Laufende Quellen</translation>
    </message>
    <message>
        <source>Starting</source>
        <translation>Startet</translation>
    </message>
    <message>
        <source>Switch the theme</source>
        <translation>Hell oder dunkel</translation>
    </message>
    <message>
        <source>Sync &amp; buffer</source>
        <translation>Abgleich &amp; Puffer</translation>
    </message>
    <message>
        <source>TYPE</source>
        <translation>ART</translation>
    </message>
    <message>
        <source>The broker refuses this collector. Readings are kept on this disk</source>
        <translation>Der Broker weist diesen Kollektor ab. Messwerte bleiben auf dieser Platte</translation>
    </message>
    <message>
        <source>The collector does not answer. Trying again</source>
        <translation>Der Kollektor antwortet nicht. Neuer Versuch folgt</translation>
    </message>
    <message>
        <source>The collector is starting</source>
        <translation>Der Kollektor startet</translation>
    </message>
    <message>
        <source>The oldest readings are thinned</source>
        <translation>Die ältesten Messwerte werden ausgedünnt</translation>
    </message>
    <message>
        <source>The oldest readings are thinned, then dropped. Reconnect, or raise the limit of the buffer</source>
        <translation>Die ältesten Messwerte werden ausgedünnt, dann verworfen. Verbinden Sie neu, oder erhöhen Sie die Grenze des Puffers</translation>
    </message>
    <message>
        <source>The window has an error, and tries again. The log has the details</source>
        <translation>Das Fenster hat einen Fehler und versucht es erneut. Einzelheiten stehen im Protokoll</translation>
    </message>
    <message>
        <source>This collector is not enrolled</source>
        <translation>Dieser Kollektor ist nicht angemeldet</translation>
    </message>
    <message>
        <source>Time to full</source>
        <translation>Zeit bis voll</translation>
    </message>
    <message>
        <source>UNIT</source>
        <translation>EINHEIT</translation>
    </message>
    <message>
        <source>Use the dark theme</source>
        <translation>Dunkle Darstellung</translation>
    </message>
    <message>
        <source>Use the light theme</source>
        <translation>Helle Darstellung</translation>
    </message>
    <message>
        <source>VALUE</source>
        <translation>WERT</translation>
    </message>
    <message>
        <source>Waiting</source>
        <translation>Wartet</translation>
    </message>
    <message>
        <source>Waiting for the broker</source>
        <translation>Wartet auf den Broker</translation>
    </message>
    <message>
        <source>What collects</source>
        <translation>Was erfasst</translation>
    </message>
    <message>
        <source>Whole number</source>
        <translation>Ganze Zahl</translation>
    </message>
    <message>
        <source>about {span} left</source>
        <translation>noch etwa {span}</translation>
    </message>
    <message>
        <source>accounts</source>
        <translation>Konten</translation>
    </message>
    <message>
        <source>decimal number</source>
        <translation>Dezimalzahl</translation>
    </message>
    <message>
        <source>full in {span}</source>
        <translation>voll in {span}</translation>
    </message>
    <message>
        <source>not a number</source>
        <translation>keine Zahl</translation>
    </message>
    <message>
        <source>of {count}</source>
        <translation>von {count}</translation>
    </message>
    <message>
        <source>of {limit} · {share} used</source>
        <translation>von {limit} · {share} belegt</translation>
    </message>
    <message>
        <source>off</source>
        <translation>aus</translation>
    </message>
    <message>
        <source>on</source>
        <translation>an</translation>
    </message>
    <message>
        <source>on or off</source>
        <translation>an oder aus</translation>
    </message>
    <message>
        <source>readings</source>
        <translation>Messwerte</translation>
    </message>
    <message>
        <source>whole number</source>
        <translation>ganze Zahl</translation>
    </message>
    <message>
        <source>{age} ago</source>
        <translation>vor {age}</translation>
    </message>
    <message>
        <source>{count} failed</source>
        <translation>{count} gestört</translation>
    </message>
    <message>
        <source>{count} lost: the disk is full</source>
        <translation>{count} verloren: die Platte ist voll</translation>
    </message>
    <message>
        <source>{count} since the start</source>
        <translation>{count} seit dem Start</translation>
    </message>
    <message>
        <source>{count} waiting</source>
        <translation>{count} warten</translation>
    </message>
    <message>
        <source>{done} of {total} readings acknowledged</source>
        <translation>{done} von {total} Messwerten bestätigt</translation>
    </message>
    <message>
        <source>{dropped} dropped · {refused} refused</source>
        <translation>{dropped} verworfen · {refused} abgewiesen</translation>
    </message>
    <message>
        <source>{kind} · {pace} · last {age} ago</source>
        <translation>{kind} · {pace} · zuletzt vor {age}</translation>
    </message>
    <message>
        <source>{name} failed</source>
        <translation>{name} ist gestört</translation>
    </message>
    <message>
        <source>{rate} readings/s</source>
        <translation>{rate} Messwerte/s</translation>
    </message>
    <message>
        <source>{running} of {all} sources</source>
        <translation>{running} von {all} Quellen</translation>
    </message>
    <message>
        <source>{running} of {count} collecting · {rate} readings a second</source>
        <translation>{running} von {count} erfassen · {rate} Messwerte je Sekunde</translation>
    </message>
    <message>
        <source>{share} of the buffer is used. Reconnect, or free disk space</source>
        <translation>{share} des Puffers sind belegt. Verbinden Sie neu, oder schaffen Sie Platz</translation>
    </message>
    <message>
        <source>{share} of the buffer used</source>
        <translation>{share} des Puffers belegt</translation>
    </message>
    <message>
        <source>{shown} of {count} series. Search to see others.</source>
        <translation>{shown} von {count} Messreihen. Die Suche findet die anderen.</translation>
    </message>
    <message>
        <source>{used} of {limit}</source>
        <translation>{used} von {limit}</translation>
    </message>
</context>
</TS>
