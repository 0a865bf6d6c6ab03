// Rules of certificate signing requests: what may be asked for, and who may change which part of the answer. An approver adds the conditions
// Approved and Denied through one subresource, a signer the certificate through another; nothing that was said is taken back.
#pragma once

#include "reference/api/types/certificatesv1.h"
#include "reference/resources/field_errors.h"

namespace plumb::resources {

enum class CsrPart { spec, approval, status };

void check_signing_request(const certificatesv1::CertificateSigningRequest& request, FieldErrors& errors);
// The rules above hold too. `part`: what is written through.
void check_signing_request_update(const certificatesv1::CertificateSigningRequest& next, const certificatesv1::CertificateSigningRequest& previous,
                                  CsrPart part, FieldErrors& errors);

}  // namespace plumb::resources
