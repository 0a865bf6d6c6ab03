#include "reference/api/types/authorizationv1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered_selfsubjectaccessreviews{"selfsubjectaccessreviews.authorization.k8s.io",
                                      [] { return std::make_unique<Review<authorizationv1::SelfSubjectAccessReview>>(Names{"selfsubjectaccessreviews", "selfsubjectaccessreview", {}, {}, false}); }};

}  // namespace
}  // namespace plumb::resources
