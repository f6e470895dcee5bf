"""The messenger, put together from the environment. It needs no database, so nothing here leads to one."""

import boto3
from botocore.config import Config

from lambda_function.aws.mail import Mail
from lambda_function.aws.notifications_function import NotificationsFunction
from lambda_function.aws.sms import Sms
from lambda_function.bootstrap.clock import Clock, system_clock
from lambda_function.domain.people import Channel
from lambda_function.services.messenger import THREADS, Messenger
from lambda_function.settings import messenger_settings

# A second attempt could be a second message. The time-outs together are shorter than SEND_SECONDS of the messenger.
_PROVIDER = Config(
    connect_timeout=2,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 1},
    max_pool_connections=THREADS,
)
# A claim composes a batch, if need be after a cold start. One whose answer is lost leases its batch for nothing.
_FUNCTION = Config(connect_timeout=2, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 1})


def build_messenger(clock: Clock = system_clock) -> Messenger:
    settings = messenger_settings()
    mail = Mail(boto3.client("sesv2", config=_PROVIDER), settings.mail_sender, settings.mail_configuration_set, clock)
    sms = Sms(boto3.client("sns", config=_PROVIDER), settings.sms_sender_id)
    function = NotificationsFunction(boto3.client("lambda", config=_FUNCTION), settings.notifications_function)
    return Messenger(function, {Channel.EMAIL: mail, Channel.SMS: sms})
