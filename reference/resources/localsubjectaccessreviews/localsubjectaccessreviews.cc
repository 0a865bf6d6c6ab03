#include "reference/api/types/authorizationv1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered_localsubjectaccessreviews{"localsubjectaccessreviews.authorization.k8s.io",
                                      [] { return std::make_unique<Review<authorizationv1::LocalSubjectAccessReview>>(Names{"localsubjectaccessreviews", "localsubjectaccessreview", {}, {}, true}); }};

}  // namespace
}  // namespace plumb::resources
