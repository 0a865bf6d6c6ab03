#include "reference/api/types/admissionregistrationv1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered_validatingwebhookconfigurations{"validatingwebhookconfigurations.admissionregistration.k8s.io",
                                      [] { return std::make_unique<Plain<admissionregistrationv1::ValidatingWebhookConfiguration>>(Names{"validatingwebhookconfigurations", "validatingwebhookconfiguration", {}, {}, false}); }};

}  // namespace
}  // namespace plumb::resources
