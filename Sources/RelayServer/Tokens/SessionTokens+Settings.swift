import Configuration
import Crypto
import Identity

extension SessionTokens {
    /// The tokens of a configuration.
    ///
    /// - Throws: which of its keys cannot be had.
    package init(_ settings: TokenSettings, environment: Environment) throws(SecretError) {
        var keys: [Secret] = []
        for source in settings.signingKeys { keys.append(try source.resolveSigningKey(environment: environment)) }
        self.init(keys: keys)
    }
}
