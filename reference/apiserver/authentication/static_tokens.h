// Bearer tokens from a file in upstream's format (--token-auth-file): token,user,uid,"group1,group2". The file is read once.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "reference/apiserver/authentication/authenticator.h"

namespace plumb::apiserver {

class StaticTokens final : public Authenticator {
 public:
  // Errors name the line, never the token.
  static Result<std::unique_ptr<StaticTokens>> parse(std::string_view csv);
  Result<UserPtr> authenticate(const Credentials& credentials) override;

 private:
  std::unordered_map<std::string, UserPtr> by_digest_;  // SHA-256 of the token: look-up time tells nothing about tokens
};

}  // namespace plumb::apiserver
