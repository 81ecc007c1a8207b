"""gunicorn -c deploy/gunicorn.conf.py authserver.wsgi:application

Everything comes from the settings of the server (`AUTHSERVER_*`, authserver.toml).
"""

from authserver.cli.serve import options_of, prepare
from authserver.ops.serving_gunicorn import configuration
from authserver.settings.reload import again as read_settings

# gunicorn reads this file again at each reload, and takes every name of it for a setting of its own.
_settings = read_settings()
prepare(_settings)
globals().update(configuration(options_of(_settings)))
