@{
    Severity     = @('Error', 'Warning')
    IncludeRules = @('*')
    ExcludeRules = @(
        # The build's own functions are named for what they do, and dot-sourced: nobody installs them.
        'PSUseSingularNouns'
        'PSUseShouldProcessForStateChangingFunctions'
        # Its scripts share variables by dot-sourcing ($root, $out, $staged), which the rule does not follow.
        'PSUseDeclaredVarsMoreThanAssignments'
        'PSReviewUnusedParameter'
        # Pester's blocks are scripts of their own.
        'PSAvoidUsingPositionalParameters'
    )
    Rules        = @{
        PSUseCompatibleSyntax      = @{ Enable = $true; TargetVersions = @('7.4') }
        PSUseConsistentIndentation = @{ Enable = $false }
    }
}
