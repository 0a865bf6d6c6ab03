// May they? An Authorizer judges what a user wants to do. Called on a reactor thread for every request: it must not block, and reads
// what it needs from memory.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reference/api/types/authorizationv1.h"
#include "reference/apiserver/user.h"

namespace plumb::apiserver {

struct Attributes {
  const User* user = nullptr;
  std::string_view verb;  // get, list, watch, create, update, patch, delete, deletecollection; for paths the HTTP method in lower case
  bool is_resource = true;
  std::string_view group, version, resource, subresource, namespace_, name;
  std::string_view path;  // when it is no resource request
};

enum class Decision { allow, deny, no_opinion };

struct Verdict {
  Decision decision = Decision::no_opinion;
  std::string reason = {};
};

class Authorizer {
 public:
  virtual ~Authorizer() = default;
  // The server asks each in turn until one allows or denies; no opinion at all is a refusal.
  virtual Verdict authorize(const Attributes& attributes) = 0;
  // Adds what the user may do in the namespace to `status`, for SelfSubjectRulesReview; may mark it incomplete.
  virtual void rules(const User& user, std::string_view namespace_, authorizationv1::SubjectRulesReviewStatus& status) = 0;
};

// Asks each in turn until one allows or denies; the reasons of the others are joined.
Verdict authorize_all(const std::vector<Authorizer*>& authorizers, const Attributes& attributes);

}  // namespace plumb::apiserver
