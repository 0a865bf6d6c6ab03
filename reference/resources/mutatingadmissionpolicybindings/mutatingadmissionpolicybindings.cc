#include "reference/api/types/admissionregistrationv1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered_mutatingadmissionpolicybindings{"mutatingadmissionpolicybindings.admissionregistration.k8s.io",
                                      [] { return std::make_unique<Plain<admissionregistrationv1::MutatingAdmissionPolicyBinding>>(Names{"mutatingadmissionpolicybindings", "mutatingadmissionpolicybinding", {}, {}, false}); }};

}  // namespace
}  // namespace plumb::resources
