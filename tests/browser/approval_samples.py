"""The pages on which a person answers a request from elsewhere, in every state."""

from __future__ import annotations

from authserver.access.authorization_details import Described
from authserver.protocol import validity
from authserver.web.approval_values import (
    Approval,
    ApprovalNews,
    ApprovalsPage,
    CodeProblem,
    DeviceCodePage,
    DeviceDonePage,
    DevicePage,
)
from authserver.web.page_values import Account, Application, ConsentScope, Form, Page

FORM = Form("csrf-sample", "interaction-sample")
CODE = "WDJB-MJHT"
SCOPES = (
    ConsentScope("openid", required=True),
    ConsentScope("profile"),
    ConsentScope("photos.read", "Look at your albums"),
    ConsentScope("offline_access"),
)


def samples(photos: Application, long_name: Application, ada: Account, long_address: Account) -> dict[str, Page]:
    """The pages by a name for the file."""
    asked = validity.after(-95)
    payment = Described("Payment", "Pay 123.50 EUR to Merchant A.", (("note", "rent, May"), ("risk", '{"level":1}')))
    details = (payment, Described("P" * 120, "W" * 200, (("m" * 60, "v" * 200),)))
    waiting = (
        Approval("1", photos, SCOPES, asked, "Order 4711", ("Photo API",)),
        Approval("2", long_name, SCOPES[:1], asked, "W" * 100),
    )
    return {
        "approvals": ApprovalsPage(FORM, ada, waiting[:1]),
        "approvals-long": ApprovalsPage(FORM, long_address, waiting),
        "approvals-details": ApprovalsPage(FORM, ada, (Approval("1", photos, SCOPES[:1], asked, details=details),)),
        "approvals-empty": ApprovalsPage(FORM, ada, ()),
        **{f"approvals-{news.value}": ApprovalsPage(FORM, ada, (), news) for news in ApprovalNews},
        "device-code": DeviceCodePage(FORM, ada),
        "device-code-link": DeviceCodePage(FORM, ada, CODE, from_link=True),
        **{
            f"device-code-{problem.value}": DeviceCodePage(FORM, ada, CODE, problem=problem, retry_after=840)
            for problem in CodeProblem
        },
        "device": DevicePage(FORM, photos, ada, SCOPES, asked, "192.0.2.17", ("Photo API",)),
        "device-long": DevicePage(FORM, long_name, long_address, SCOPES, asked, "2001:db8:85a3:8d3:1319:8a2e:370:7348"),
        "device-details": DevicePage(FORM, photos, ada, (), asked, "192.0.2.17", details=details),
        "device-allowed": DeviceDonePage(photos, allowed=True),
        "device-refused": DeviceDonePage(long_name, allowed=False),
    }
