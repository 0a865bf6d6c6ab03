#include "reference/api/types/authorizationv1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered_subjectaccessreviews{"subjectaccessreviews.authorization.k8s.io",
                                      [] { return std::make_unique<Review<authorizationv1::SubjectAccessReview>>(Names{"subjectaccessreviews", "subjectaccessreview", {}, {}, false}); }};

}  // namespace
}  // namespace plumb::resources
