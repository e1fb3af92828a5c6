"""Mails as programs write them: a JSON object of name -> raw message in base64, on stdout."""
import base64
import gzip
import io
import json
import sys
import zipfile
from email import policy
from email.message import EmailMessage
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

CSV = b'OrderId,ActionTrackerId,Amount,Reason\r\nA,4521,10,OTHER\r\n'
TEXT = CSV.decode()


def mail(text='See the file.\n'):
    m = EmailMessage(policy=policy.SMTP)
    m['From'], m['To'], m['Subject'] = 'ann@brand.example', 'sale@in.example', 'changes'
    if text is not None:
        m.set_content(text)
    return m


def attached(*files, text='See the file.\n'):
    m = mail(text)
    for name, data, (main, sub), disposition in files:
        m.add_attachment(data, maintype=main, subtype=sub, filename=name, disposition=disposition)
    return m


def one(name, data=CSV, kind='text/csv', disposition='attachment'):
    return attached((name, data, kind.split('/'), disposition))


def zipped(*entries, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', method) as z:
        for name, data in entries:
            z.writestr(name, data)
    return out.getvalue()


def raw(headers, body):
    return (headers.replace('\n', '\r\n') + '\r\n').encode() + body


def encrypted(data):
    """The same archive, which says that its entries are encrypted."""
    data = bytearray(data)
    for mark, at in ((b'PK\x03\x04', 6), (b'PK\x01\x02', 8)):
        data[data.index(mark) + at] |= 1
    return bytes(data)


def forwarded(depth):
    inner = one('deep.csv')
    for _ in range(depth):
        outer = mail()
        outer.add_attachment(inner)
        inner = outer
    return inner


def nested():
    deep = MIMEMultipart('related')
    deep.attach(MIMEText('<img src="cid:x">', 'html'))
    part = MIMEApplication(CSV, 'octet-stream')
    part.add_header('Content-Disposition', 'attachment', filename='nested.csv')
    deep.attach(part)
    middle = MIMEMultipart('alternative')
    middle.attach(MIMEText('text'))
    middle.attach(deep)
    outer = MIMEMultipart('mixed')
    outer['From'] = 'ann@brand.example'
    outer.attach(middle)
    return outer


def quoted_printable():
    m = mail()
    m.add_attachment(TEXT.replace('\r\n', '\n') + 'Ä=3D,4521,1,OTHER\n', subtype='csv', filename='qp.csv', cte='quoted-printable')
    return m


def signature_beside():
    m = attached(('mods.csv', CSV, ('text', 'csv'), 'attachment'))
    m.add_attachment(b'\x89PNG\r\n\x1a\n', maintype='image', subtype='png', filename='logo.png', disposition='inline')
    m.add_attachment(b'\x30\x80', maintype='application', subtype='pkcs7-signature', filename='smime.p7s')
    m.add_attachment('BEGIN:VCARD\n', subtype='vcard', filename='ann.vcf')
    m.add_attachment(b'\x89PNG', maintype='application', subtype='octet-stream', filename='image001.PNG')
    return m


BOM16 = b'\xff\xfe' + TEXT.encode('utf-16-le')
BOUNDED = b'--b\r\nContent-Type: text/csv; name=cut.csv\r\n\r\nOrderId,Amount\r\nA,1'

MAILS = {
    'plain': one('mods.csv'),
    'upper case': one('MODS.CSV'),
    'xml': one('mods.Xml', b'<a/>', 'application/xml'),
    'octet-stream': one('mods.csv', kind='application/octet-stream'),
    'excel type': one('mods.csv', kind='application/vnd.ms-excel'),
    'inline': one('mods.csv', disposition='inline'),
    'inline text/plain': one('mods.csv', kind='text/plain', disposition='inline'),
    'image type with csv name': one('mods.csv', kind='image/png'),
    'quoted-printable': quoted_printable(),
    'nested multipart': nested(),
    'utf-16 bytes': one('mods.csv', BOM16, 'text/csv'),
    'rfc 2231': one('Änderungen Mai – 25€.csv'),
    'rfc 2231 continued': raw(
        'Content-Type: text/csv\nContent-Disposition: attachment;\n filename*0*=utf-8\'\'%C3%84nde;\n filename*1*=rungen;\n filename*2=".csv"\n', CSV),
    'rfc 2047': raw('Content-Type: text/csv; name="=?utf-8?B?w4RuZGVydW5nLmNzdg==?="\n', CSV),
    'raw utf-8 name': raw('Content-Type: text/csv; name="Änderung.csv"\n', CSV),
    'name in the type only': raw('Content-Type: application/octet-stream; name=mods.csv\n', CSV),
    'body is text/csv': raw('Content-Type: text/csv; charset=us-ascii\n', CSV),
    'body is base64 text/csv': raw('Content-Type: text/csv\nContent-Transfer-Encoding: base64\n', base64.encodebytes(CSV)),
    'body is xml': raw('Content-Type: application/xml\n', b'<a/>'),
    'two files': attached(('a.csv', CSV, ('text', 'csv'), 'attachment'), ('b.csv', b'x', ('text', 'csv'), 'attachment')),
    'no bytes': one('empty.csv', b''),
    'path in the name': one('../../etc/cron.d/mods.csv'),
    'windows path': raw('Content-Type: text/csv; name="C:\\\\Users\\\\ann\\\\mods.csv"\n', CSV),
    'control characters': raw("Content-Type: text/csv\nContent-Disposition: attachment; filename*=utf-8''a%0D%0Ab%00%E2%80%AEc.csv\n", CSV),
    'long name': one('x' * 400 + '.csv'),
    'forwarded': forwarded(1),
    'forwarded four times': forwarded(4),
    'forwarded too often': forwarded(5),
    'forwarded inline': raw('Content-Type: message/rfc822\nContent-Disposition: inline\n', one('deep.csv').as_bytes()),
    'signature beside': signature_beside(),
    'zip': one('mods.zip', zipped(('mods.csv', CSV), ('more.XML', b'<a/>')), 'application/zip'),
    'zip stored': one('mods.zip', zipped(('mods.csv', CSV), method=zipfile.ZIP_STORED), 'application/octet-stream'),
    'zip of a mac': one('mods.zip', zipped(('mods.csv', CSV), ('__MACOSX/._mods.csv', b'x'), ('.DS_Store', b'x')), 'application/zip'),
    'gzip': one('mods.csv.gz', gzip.compress(CSV), 'application/gzip'),
    'gzip of two members': one('mods.csv.gz', gzip.compress(CSV[:20]) + gzip.compress(CSV[20:]), 'application/gzip'),
    'unnamed zip': raw('Content-Type: application/zip\nContent-Transfer-Encoding: base64\n', base64.encodebytes(zipped(('mods.csv', CSV)))),
    'result of ours': one('result_mods.csv'),
    'receipt beside': attached(('mods.csv', CSV, ('text', 'csv'), 'attachment'), ('receipt_x.csv', CSV, ('text', 'csv'), 'attachment')),
    'hidden': one('.mods.csv'),
    'no file': mail(),
    'picture only': one('table.png', b'\x89PNG', 'image/png'),
    'nothing': b'',
    'no header': b'just some words',
    'csv.exe': one('mods.csv.exe', b'MZ', 'application/octet-stream'),
    'excel': one('mods.xlsx', zipped(('xl/workbook.xml', b'<a/>')), 'application/octet-stream'),
    'excel beside': attached(('mods.csv', CSV, ('text', 'csv'), 'attachment'), ('old.xlsx', b'PK', ('application', 'octet-stream'), 'attachment')),
    'winmail': one('winmail.dat', b'\x78\x9f\x3e\x22', 'application/ms-tnef'),
    'smime': raw('Content-Type: application/pkcs7-mime; smime-type=enveloped-data\n', b'\x30\x80'),
    'octet-stream without a name': raw('Content-Type: application/octet-stream\n', CSV),
    'zip in zip': one('mods.zip', zipped(('inner.zip', zipped(('mods.csv', CSV)))), 'application/zip'),
    'zip of a folder': one('mods.zip', zipped(('may/mods.csv', CSV)), 'application/zip'),
    'zip that climbs': one('mods.zip', zipped(('../../etc/mods.csv', CSV)), 'application/zip'),
    'zip with absolute path': one('mods.zip', zipped(('/etc/mods.csv', CSV)), 'application/zip'),
    'zip encrypted': one('mods.zip', encrypted(zipped(('mods.csv', CSV))), 'application/zip'),
    'zip damaged': one('mods.zip', zipped(('ok.csv', CSV), ('mods.csv', CSV * 50), method=zipfile.ZIP_STORED).replace(b'OTHER\r\nOrder', b'ODDER\r\nOrder', 3), 'application/zip'),
    'zip cut off': one('mods.zip', zipped(('mods.csv', CSV * 50))[:-30], 'application/zip'),
    'zip empty': one('mods.zip', zipped(), 'application/zip'),
    'zip with a csv and a pdf': one('mods.zip', zipped(('mods.csv', CSV), ('terms.pdf', b'%PDF')), 'application/zip'),
    'zip bomb': one('mods.zip', zipped(('mods.csv', b'0' * 40_000_000)), 'application/zip'),
    'gzip bomb': one('mods.csv.gz', gzip.compress(b'0' * 40_000_000), 'application/gzip'),
    'gzip damaged': one('mods.csv.gz', gzip.compress(CSV)[:-10], 'application/gzip'),
    'gzip of something': one('mods.gz', gzip.compress(CSV), 'application/gzip'),
    'zip with many entries': one('mods.zip', zipped(*((f'{i}.txt', b'') for i in range(1100))), 'application/zip'),
    'cut off': raw('Content-Type: multipart/mixed; boundary=b\n', BOUNDED),
    'too many parts': raw('Content-Type: multipart/mixed; boundary=b\n', b'--b\r\n\r\nx\r\n' * 1100 + b'--b--\r\n'),
    'huge header': raw('Content-Type: multipart/mixed; boundary=b\n', b'--b\r\nContent-Type: text/csv; name=a.csv\r\n\r\n' + CSV * 4000 + b'\r\n--b\r\nX: ' + b'x' * 1_200_000 + b'\r\n\r\ny\r\n--b--\r\n'),
    'too many files': attached(*((f'{i}.csv', CSV, ('text', 'csv'), 'attachment') for i in range(60))),
    'no boundary': raw('Content-Type: multipart/mixed\n', b'x'),
}

json.dump(
    {name: base64.b64encode(m if isinstance(m, bytes) else m.as_bytes()).decode() for name, m in MAILS.items()},
    sys.stdout,
)
