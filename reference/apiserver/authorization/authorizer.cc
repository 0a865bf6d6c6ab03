#include "reference/apiserver/authorization/authorizer.h"

namespace plumb::apiserver {

Verdict authorize_all(const std::vector<Authorizer*>& authorizers, const Attributes& attributes) {
  std::string reasons;
  for (Authorizer* authorizer : authorizers) {
    Verdict verdict = authorizer->authorize(attributes);
    if (verdict.decision != Decision::no_opinion) return verdict;
    if (!verdict.reason.empty()) reasons.append(reasons.empty() ? "" : ", ").append(verdict.reason);
  }
  return {Decision::no_opinion, reasons};
}

}  // namespace plumb::apiserver
