"""gunicorn -c deploy/gunicorn.conf.py authserver.wsgi:application

Everything comes from the settings of the server (`AUTHSERVER_*`, authserver.toml).
"""

from authserver.cli.serve import options_of, prepare
from authserver.ops.serving_gunicorn import configuration
from authserver.settings import reload

# This file is read once more at each reload.
_settings = reload.again()
prepare(_settings)
globals().update(configuration(options_of(_settings)))
